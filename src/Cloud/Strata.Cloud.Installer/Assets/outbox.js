// What was done, as a list: what waits, what was sent, and what a person has to decide.
import { now } from './api.js';
import { placeText } from './places.js';
import { ageOf } from './readings.js';

const queue = self.StrataQueue;
const Words = { waiting: 'waits', sent: 'sent', conflict: 'conflict', refused: 'refused' };

const isOpen = item => item.state === 'conflict' || item.state === 'refused';

export class Outbox {
  #section;
  #who;

  /** @param who Who uses the page now; null for nobody. */
  constructor(section, who) {
    this.#section = section;
    this.#who = who;
  }

  /** Sends what waits, and asks the browser to do it later where that is not possible now. */
  async send() {
    await queue.send(() => this.draw());
    if ((await queue.all()).some(i => i.state === 'waiting'))
      navigator.serviceWorker?.ready.then(r => r.sync?.register('mountings')).catch(() => { }); // Not every browser has it; the page sends by itself too.
    await this.draw();
  }

  async draw() {
    // What has to be decided comes first, then the newest.
    const items = (await queue.all()).reverse().sort((a, b) => isOpen(b) - isOpen(a));
    const open = items.filter(i => i.state !== 'sent').length;
    const find = name => this.#section.querySelector(name);
    this.#section.hidden = items.length === 0;
    find('#send').hidden = !items.some(i => i.state === 'waiting');
    find('#queue-note').textContent = open ? `${open} of at most ${queue.MaxItems} wait in this browser.` : 'Everything is sent.';
    find('#items').replaceChildren(...items.map(i => this.#row(i)));
  }

  #row(item) {
    const row = document.createElement('li');
    row.dataset.state = item.state;
    row.dataset.device = item.device;
    const head = row.appendChild(document.createElement('div'));
    head.append(Object.assign(document.createElement('span'), { className: 'state', textContent: Words[item.state] }), ` ${item.device} in ${placeText(item.site)}${item.photo || item.hadPhoto ? ', with photo' : ''}`);
    const say = words => row.appendChild(Object.assign(document.createElement('div'), { className: 'dim', textContent: words }));
    if (item.state === 'conflict') {
      const { site, mounting } = item.there;
      say(`Meanwhile it was put in ${placeText(site)}${mounting ? ` by ${mounting.by} ${ageOf(now() - Date.parse(mounting.received))}` : ''}.`);
      this.#buttons(row, ['Leave it there', () => queue.remove(item.id)], [`Move it to ${placeText(item.site)}`, () => queue.put({ ...item, state: 'waiting', replaces: site, there: null })]);
    } else if (item.state === 'refused') {
      say(item.detail);
      this.#buttons(row, ['Discard', () => queue.remove(item.id)], ['Try again', () => queue.put({ ...item, state: 'waiting' })]);
    } else if (item.state === 'waiting' && item.tenant !== this.#who()?.tenant.id) {
      say(this.#who() ? `It is of ${item.tenant}: sign in there to send it.` : 'Sign in to send it.');
    }
    return row;
  }

  #buttons(row, ...choices) {
    const line = row.appendChild(document.createElement('div'));
    line.className = 'row';
    for (const [label, act] of choices) {
      const button = line.appendChild(document.createElement('button'));
      button.type = 'button';
      button.textContent = label;
      button.addEventListener('click', async () => {
        await act();
        await this.send();
      });
    }
  }
}
