// Requests to the control plane, and how each of them is written: as a line for a shell, and as one for a test.

import { fill, h, say } from './dom.js';

export const ROOT = '/_openfirst';

/** The simulator refused, with what it said; `status` is 0 where nobody answered. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** What the control plane answers. Raises Refused. */
export async function ask(method, path, fields) {
  const { url, body } = sent(method, path, fields);
  let answer, text;
  try {
    answer = await fetch(url, { method, body, headers: body === undefined ? {} : { 'Content-Type': 'application/json' }, cache: 'no-store' });
    text = await answer.text();
  } catch {
    throw new Refused(0, `Nobody answers at ${location.origin}.`);
  }
  const said = text === '' ? null : JSON.parse(text);
  if (!answer.ok) throw new Refused(answer.status, said?.detail ?? `The answer was ${answer.status}.`);
  return said;
}

function sent(method, path, fields) {
  const given = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const inQuery = method === 'GET' || method === 'DELETE';
  const query = inQuery && given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  return { url: ROOT + path + query, body: inQuery || fields === undefined ? undefined : JSON.stringify(Object.fromEntries(given)) };
}

/** The path of a world, or of something in it; each part is quoted. */
export const at = (world, ...parts) => ['', 'worlds', world, ...parts].map(encodeURIComponent).join('/');

// In words -----------------------------------------------------------------------------------------------------------

/** A text as a shell takes it. */
export const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

let shell = location.origin;

/** The base URL that shells are given. Where this page came over HTTPS, that is `plain`: they do not trust our certificate. */
export const base = () => shell;
export function reached(plain) {
  if (location.protocol === 'https:') shell = new URL(plain).origin;
}

/** The line that makes a request in a shell. */
export function curl(method, path, fields) {
  const { url, body } = sent(method, path, fields);
  const words = ['curl'];
  if (method !== 'GET' && !(method === 'POST' && body !== undefined)) words.push('-X', method);
  words.push(quoted(base() + url));
  if (body !== undefined) words.push('-d', quoted(body));
  return words.join(' ');
}

/** A value as Python writes it. */
export function python(value) {
  if (value === null || value === undefined) return 'None';
  if (value === true || value === false) return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([name, each]) => `${python(name)}: ${python(each)}`).join(', ')}}`;
  return JSON.stringify(value);
}

/** A call as Python writes it; `named` are the arguments with names, without those that are undefined. */
export function call(name, given = [], named = {}) {
  const each = Object.entries(named).filter(([, value]) => value !== undefined);
  return `${name}(${[...given.map(python), ...each.map(([key, value]) => `${key}=${python(value)}`)].join(', ')})`;
}

/** The same name as Python writes it. */
export const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// A control ----------------------------------------------------------------------------------------------------------

/** A button that copies a text, which is asked for when it is pressed. */
export function copy(text, label) {
  const button = h('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${label}`, title: `Copy ${label}` }, 'Copy');
  button.addEventListener('click', async () => {
    let done = 'Copied';
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      done = 'Not allowed';
    }
    say(button, done);
    setTimeout(() => say(button, 'Copy'), 1500);
  });
  return button;
}

/** A line to copy, and the function that says it anew. */
export function line(label, kind, text = '') {
  const code = h('code', { class: kind }, text);
  const element = h('div', { class: 'line' }, h('span', { class: 'kind' }, label), code, copy(() => code.textContent, `the ${label} line`));
  return { element, say: (next) => say(code, next) };
}

/**
 * A form that makes a request, and shows it as it is filled in. `request()` gives `{method, path, fields, pytest}`: `pytest` is the
 * line for a test, with the fixture `platform`. `done(answer)` gives what there is to say then, as text or elements.
 */
export function control({ title, action, inside = [], request, done = () => 'Done.', kind = null, folded = false, after = () => {} }) {
  const shell = line('curl', 'curl'), test = line('pytest', 'pytest');
  const output = h('output', { class: 'outcome', 'aria-live': 'polite' });
  const show = () => {
    const { method, path, fields, pytest } = request();
    shell.say(curl(method, path, fields));
    test.say(pytest);
    test.element.hidden = pytest === undefined;
  };
  const button = h('button', { type: 'submit', class: kind }, action);
  const lines = h('div', { class: 'lines' }, shell.element, test.element);
  const form = h(
    'form',
    {
      class: 'control',
      'aria-label': title ?? action,
      on: {
        input: show,
        change: show,
        submit: async (event) => {
          event.preventDefault();
          show();
          button.disabled = true;
          try {
            const { method, path, fields } = request();
            fill(output, done(await ask(method, path, fields)));
            output.classList.remove('bad');
            after();
          } catch (error) {
            fill(output, error.message);
            output.classList.add('bad');
          } finally {
            button.disabled = false;
          }
        },
      },
    },
    title && h('h3', null, title),
    h('div', { class: 'inputs' }, inside, button),
    folded ? h('details', { class: 'folded' }, h('summary', null, 'As a request'), lines) : lines,
    output,
  );
  show();
  return { element: form, show, output };
}

/** A labelled input, select or textarea. */
export const labelled = (label, input, hint) => h('label', { class: 'field' }, h('span', null, label), input, hint && h('small', null, hint));

/** The options of a select. */
export const options = (values, chosen) => values.map((each) => {
  const [value, text] = Array.isArray(each) ? each : [each, each];
  return h('option', { value, selected: value === chosen }, text);
});
