// The page: which world and which view, what is asked for again when, and what is said when nobody answers.

import { Refused, ask, at, reached } from './ask.js';
import { fill, h, instant, say, set, tick } from './dom.js';
import { choices } from './choices.js';
import { clock } from './clock.js';
import { conferences } from './conferences.js';
import { coverage } from './coverage.js';
import { faults } from './faults.js';
import { journal } from './journal.js';
import { sessions } from './sessions.js';
import { tokens } from './tokens.js';
import { worlds } from './worlds.js';

const BEAT = 500, PATIENCE = [500, 1000, 2000, 4000];
const VIEWS = { sessions, journal, conferences, tokens, clock, faults, choices, coverage, worlds };
const TITLES = { sessions: 'Sessions', journal: 'Journal', conferences: 'Conferences', tokens: 'Tokens', clock: 'Clock', faults: 'Faults', choices: 'Choices', coverage: 'Coverage', worlds: 'Worlds' };
const FIRST = 'sessions';
const byId = (id) => document.getElementById(id);

/** What the views share. `world` is the name of the chosen one, `more` what else the address says, such as a chosen client. */
const app = {
  world: 'default', view: FIRST, more: {}, worlds: [], pulse: null, words: null, contract: null,
  at: (...parts) => at(app.world, ...parts),
  /** The world's time now, worked out from when it was last told. */
  now: () => (app.pulse === null ? 0 : app.pulse.now + ((performance.now() - app.told) / 1000) * app.pulse.scale),
  /** The address of a view. */
  link: (view, more = {}, world = app.world) => {
    const query = new URLSearchParams(Object.entries(more).filter(([, value]) => value !== null && value !== undefined && value !== ''));
    return `#/${encodeURIComponent(world)}/${view}${query.size > 0 ? `?${query}` : ''}`;
  },
  /** Ask soon, since something was done. */
  soon: () => schedule(0),
};

// Which world and view ----------------------------------------------------------------------------------------------

const made = {};

function read() {
  if (!location.hash.startsWith('#/') && app.world !== null) return false;
  const [path, query] = location.hash.slice(2).split('?');
  const [world, view] = path.split('/');
  let name = 'default';
  try {
    name = decodeURIComponent(world || 'default');
  } catch { /* An address that nobody wrote on purpose. */ }
  const isOther = name !== app.world;
  app.world = name;
  app.view = view in VIEWS ? view : FIRST;
  app.more = Object.fromEntries(new URLSearchParams(query ?? ''));
  return isOther;
}

function turn() {
  const isOther = read();
  if (isOther) {
    app.pulse = null;
    for (const name of Object.keys(made)) delete made[name];
  }
  for (const link of byId('views').querySelectorAll('a')) {
    link.href = app.link(link.dataset.view);
    set(link, 'aria-current', link.dataset.view === app.view ? 'page' : null);
  }
  document.title = `${TITLES[app.view]} · ${app.world} · openfirst`;
  pick();
  seen = null;
  turns += 1;
  if (app.words !== null && app.contract !== null) show();
  schedule(0);
}

function show() {
  const view = (made[app.view] ??= VIEWS[app.view](app));
  if (byId('main').firstElementChild !== view.element) fill(byId('main'), view.element);
  view.turned?.();
}

function pick() {
  const select = byId('world');
  const names = app.worlds.map((world) => world.name);
  if (!names.includes(app.world)) names.push(app.world);
  const there = [...select.options].map((each) => each.value);
  if (there.join('\n') !== names.join('\n')) fill(select, names.map((name) => h('option', { value: name }, name)));
  if (select.value !== app.world) select.value = app.world;
}

// The beat ------------------------------------------------------------------------------------------------------------

let timer = null, seen = null, turns = 0, misses = 0, isAsking = false, again = false;

function schedule(milliseconds) {
  clearTimeout(timer);
  timer = document.hidden ? null : setTimeout(beat, milliseconds);
}

async function beat() {
  if (isAsking) {
    again = true;
    return;
  }
  isAsking = true;
  const mine = turns;
  try {
    if (app.contract === null) {
      [app.contract, app.words] = await Promise.all([ask('GET', '/contract'), ask('GET', '/words')]);
      say(byId('served'), `${app.contract.title}, contract ${app.contract.name} ${app.contract.version}.`);
      show();
    }
    const pulse = await ask('GET', app.at('pulse'));
    if (mine === turns) await take(pulse, mine);
    misses = 0;
    trouble(null);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine === turns) await failed(error);
  } finally {
    isAsking = false;
    schedule(again ? 0 : misses === 0 ? BEAT : PATIENCE[Math.min(misses, PATIENCE.length) - 1]);
    again = false;
  }
}

/** What was told is shown. Who has turned to another world or view meanwhile sees that anew. */
async function take(pulse, mine) {
  const before = seen;
  app.pulse = pulse;
  app.told = performance.now();
  clockShown();
  tick(app.now());
  if (before === null || before.worlds !== pulse.worlds) {
    app.worlds = (await ask('GET', '/worlds')).worlds;
    reached(app.worlds[0].url);
    pick();
  }
  const anew = before === null || before.life !== pulse.life;
  const differs = (name) => anew || JSON.stringify(before[name]) !== JSON.stringify(pulse[name]);
  counts(pulse);
  await changed({ anew, records: differs('records'), journal: differs('journal'), choices: differs('choices'), time: differs('scale') || differs('next'), worlds: differs('worlds') });
  if (mine === turns) seen = pulse;
}

async function changed(changes) {
  await made[app.view]?.changed(changes);
}

async function failed(error) {
  misses += 1;
  seen = null;
  if (error.status === 0) {
    trouble(`The simulator does not answer at ${location.origin}. Start it again with the same port; this page goes on by itself.`);
  } else if (error.status === 404) {
    try {
      app.worlds = (await ask('GET', '/worlds')).worlds;
    } catch { /* It is told the next time. */ }
    trouble(`${error.message} Choose another one above.`);
    pick();
  } else trouble(error.message);
}

function trouble(text) {
  const place = byId('trouble');
  say(place, text ?? '');
  place.hidden = text === null;
  document.body.classList.toggle('stale', text !== null);
}

function counts({ sessions: open, conferences: held, faults: wrong, journal: { last } }) {
  for (const [name, count] of Object.entries({ sessions: open, conferences: held, faults: wrong, journal: last })) {
    const place = byId('views').querySelector(`[data-view="${name}"] .count`);
    say(place, count > 0 ? count.toLocaleString('en') : '');
  }
}

function clockShown() {
  if (app.pulse === null) return;
  const { scale } = app.pulse;
  say(byId('now'), instant(app.now()));
  say(byId('speed'), scale === 0 ? 'stands still' : scale === 1 ? 'real time' : `× ${scale.toLocaleString('en')}`);
}

// The frame -----------------------------------------------------------------------------------------------------------

const THEMES = ['auto', 'light', 'dark'];

function theme(name) {
  set(document.documentElement, 'data-theme', name === 'auto' ? null : name);
  const button = byId('theme');
  say(button, { auto: '◐ Auto', light: '☀ Light', dark: '☾ Dark' }[name]);
  set(button, 'aria-label', `Colours: ${name}. Change them`);
  button.dataset.theme = name;
}

function kept(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // A browser that keeps nothing.
  }
}

fill(byId('views'), Object.entries(TITLES).map(([name, title]) => h('a', { 'data-view': name, href: `#/default/${name}` }, title, ' ', h('span', { class: 'count' }))));
const chosen = kept('openfirst-theme');
theme(THEMES.includes(chosen) ? chosen : 'auto');
byId('theme').addEventListener('click', ({ currentTarget }) => {
  const next = THEMES[(THEMES.indexOf(currentTarget.dataset.theme) + 1) % THEMES.length];
  kept('openfirst-theme', next);
  theme(next);
});
byId('world').addEventListener('change', ({ target }) => {
  location.hash = app.link(app.view, {}, target.value);
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
document.addEventListener('visibilitychange', () => schedule(0));
window.addEventListener('hashchange', turn);
setInterval(() => {
  if (document.hidden || app.pulse === null || app.pulse.scale === 0) return;
  clockShown();
  tick(app.now());
}, 1000);
app.world = null;
turn();
