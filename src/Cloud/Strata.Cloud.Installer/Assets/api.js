// What the page asks of the node, with the session of who uses it.

/** What the node's clock is ahead of this one, in ms. */
export let clockAhead = 0;

export const now = () => Date.now() + clockAhead;

/** The answer as JSON. Throws {status, detail} for a refusal, and {offline: true} without a connection. */
export async function get(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: 'application/json' } });
  } catch {
    throw { offline: true };
  }
  const date = Date.parse(answer.headers.get('Date') ?? '');
  if (!Number.isNaN(date) && Math.abs(date - Date.now()) > 3000)
    clockAhead = date - Date.now();
  if (answer.ok)
    return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw { status: answer.status, detail: problem.detail ?? `The node answered ${answer.status}.` };
}

/** All pages of a list. */
export async function getAll(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(`${path}?limit=10000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}
