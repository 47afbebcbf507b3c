// The newest readings of one device, as they arrive.
import { get, now } from './api.js';

export class LiveReadings {
  #list;
  #note;
  #stream = null;
  #timer = null;
  #values = new Map();
  #since = 0;

  constructor(list, note) {
    this.#list = list;
    this.#note = note;
  }

  async start(device) {
    this.stop();
    this.#since = now();
    this.#note.textContent = 'Waiting for a reading. Make the device send one.';
    const stream = this.#stream = new EventSource(`/api/v1/live?device=${encodeURIComponent(device)}`);
    stream.addEventListener('reading', event => this.#take(JSON.parse(event.data).reading, true));
    this.#timer = setInterval(() => this.#draw(), 1000);
    try {
      for (const latest of (await get(`/api/v1/latest?device=${encodeURIComponent(device)}`)).items) {
        if (this.#stream === stream && !this.#values.has(latest.metric))
          this.#take(latest, false);
      }
    } catch (problem) {
      if (problem.status && this.#stream === stream)
        this.#note.textContent = `Readings cannot be shown: ${problem.detail}`;
    }
  }

  stop(note = '') {
    this.#stream?.close();
    this.#stream = null;
    clearInterval(this.#timer);
    this.#values.clear();
    this.#list.replaceChildren();
    this.#note.textContent = note;
  }

  #take(reading, live) {
    this.#values.set(reading.metric, { time: Date.parse(reading.time), value: reading.value, live });
    if (live)
      this.#note.textContent = 'A reading has arrived: the device works.';
    else if (this.#values.size && ![...this.#values.values()].some(v => v.live))
      this.#note.textContent = 'These are from before. Waiting for a new one.';
    this.#draw();
  }

  #draw() {
    const rows = [...this.#values].sort(([a], [b]) => a < b ? -1 : 1).map(([metric, { time, value, live }]) => {
      const row = document.createElement('li');
      row.dataset.metric = metric;
      if (live)
        row.className = 'fresh';
      for (const [name, text] of [['metric', metric], ['value', typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value)], ['age', ageOf(now() - time)]]) {
        const part = row.appendChild(document.createElement('span'));
        part.className = name;
        part.textContent = text;
      }
      return row;
    });
    this.#list.replaceChildren(...rows);
  }
}

/** How long ago, in words. */
export function ageOf(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 2 ? 'just now' : s < 90 ? `${s} s ago` : s < 5400 ? `${Math.round(s / 60)} min ago` : s < 129600 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86400)} days ago`;
}
