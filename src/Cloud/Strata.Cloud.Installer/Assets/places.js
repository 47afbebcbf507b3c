// Building, floor and zone: one list a level, as deep as the tree is. The last choice is kept for the next device, and for the next day.
const Levels = ['Building', 'Floor', 'Zone'];
const LastKey = 'strata-install-place';

/** A path for people. */
export const placeText = path => path ? path.split('/').join(' / ') : 'no place';

export class PlaceChoice {
  #root;
  #changed;
  #sites = new Map();
  #children = new Map();
  chosen = null;

  /** @param changed Called when another place is chosen. */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
  }

  /** @param sites As /api/v1/sites lists them. */
  show(sites) {
    this.#sites = new Map(sites.map(s => [s.path, s]));
    this.#children = Map.groupBy ? Map.groupBy(sites, s => this.#parentOf(s)) : sites.reduce((map, s) => map.set(this.#parentOf(s), [...map.get(this.#parentOf(s)) ?? [], s]), new Map());
    const last = localStorage.getItem(LastKey);
    const tops = this.#children.get('') ?? [];
    this.choose(this.#sites.has(last) ? last : tops.length === 1 ? tops[0].path : null);
  }

  /** False when it is not one of the places. */
  choose(path) {
    if (path && !this.#sites.has(path))
      return false;
    this.chosen = path;
    if (path)
      localStorage.setItem(LastKey, path);
    this.#draw();
    this.#changed();
    return true;
  }

  get isEmpty() { return this.#sites.size === 0; }

  /** What is above a place that may be seen; '' at the top. */
  #parentOf(site) { return site.parent && this.#sites.has(site.parent) ? site.parent : ''; }

  #draw() {
    const way = [];
    for (let path = this.chosen; path; path = this.#parentOf(this.#sites.get(path)))
      way.unshift(path);
    const levels = [];
    for (let depth = 0, above = ''; above !== null && this.#children.has(above); depth++) {
      levels.push(this.#level(depth, above, way[depth]));
      above = way[depth] ?? null;
    }
    this.#root.replaceChildren(...levels);
  }

  #level(depth, above, chosen) {
    const options = this.#children.get(above);
    const kinds = new Set(options.map(o => o.kind));
    const kind = kinds.size === 1 && options[0].kind !== 'site' ? options[0].kind : Levels[depth] ?? 'Place';
    const level = document.createElement('div');
    level.className = 'level';
    const label = level.appendChild(document.createElement('label'));
    label.textContent = kind[0].toUpperCase() + kind.slice(1);
    label.htmlFor = `level-${depth}`;
    const select = level.appendChild(document.createElement('select'));
    select.id = `level-${depth}`;
    select.append(new Option(above ? 'the whole of it' : 'choose', above), ...options.map(o => new Option(o.name === o.path.split('/').at(-1) ? o.name : `${o.name} (${o.path.split('/').at(-1)})`, o.path)));
    select.value = chosen ?? above;
    select.addEventListener('change', () => this.choose(select.value || null));
    return level;
  }
}
