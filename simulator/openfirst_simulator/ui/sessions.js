// Sessions: who is there, and where the contract has the one that is chosen.

import { ROOT, ask, base, call, control, line, quoted } from './ask.js';
import { diagram } from './diagram.js';
import { fill, h, instant, keyed, roving, say, set, short, until, written } from './dom.js';
import { row as entry } from './journal.js';
import { pages } from './paging.js';

const PAGE = 50, EVENTS = 50, LATEST = 12;

export function sessions(app) {
  let chosen = null, wanted = null;
  const list = h('ul', { class: 'rows', id: 'sessions', 'aria-label': 'Open sessions' });
  const rove = roving(list, 'button');
  const paging = pages(PAGE, () => load());
  const empty = h('div', { class: 'empty', hidden: true });
  const filter = h('input', { type: 'search', placeholder: 'exactly', autocomplete: 'off', spellcheck: 'false' });
  const drawn = diagram(app.contract.diagram);
  const who = h('h2', { id: 'who' }), about = h('div', { class: 'about' });
  const latest = h('ol', { class: 'rows entries', 'aria-label': 'The newest entries of the journal' });
  const walk = roving(latest, 'summary');
  const asked = h('section', { class: 'panel', 'aria-labelledby': 'latest', hidden: true },
    h('div', { class: 'heading' }, h('h2', { id: 'latest' }, 'What was asked last'), h('a', { href: app.link('journal') }, 'All of the journal')), latest);
  const element = h('div', { class: 'two live' },
    h('section', { class: 'panel', 'aria-labelledby': 'open' },
      h('div', { class: 'heading' }, h('h2', { id: 'open' }, 'Open sessions'), h('label', { class: 'pick' }, 'External ID ', filter)),
      list, empty, paging.element),
    h('section', { class: 'panel', 'aria-labelledby': 'who' }, who, h('div', { class: 'drawing' }, drawn.element), about),
    asked);

  const title = (one) => one.participant?.info?.name || one.externalId || 'Somebody without a name';
  const narrow = () => {
    wanted = filter.value === '' ? null : filter.value;
    paging.first();
    load();
  };
  filter.addEventListener('input', narrow);
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    filter.value = '';
    narrow();
  });

  const row = (one) => {
    const name = h('strong'), id = h('span', { class: 'dim' }), where = h('span', { class: 'badge' }), since = h('span', { class: 'dim' });
    const button = h('button', { type: 'button', class: 'row session', on: { click: () => { location.hash = app.link('sessions', { client: one.client }); } } }, name, id, where, since);
    const show = (next) => {
      say(name, title(next));
      say(id, next.externalId ?? 'no external ID');
      say(where, next.state[app.contract.diagram.variable] ?? '—');
      since.replaceChildren(until(next.opened));
      set(button, 'aria-label', `${title(next)}, external ID ${next.externalId ?? 'none'}, ${next.state[app.contract.diagram.variable]}`);
    };
    show(one);
    return { element: h('li', { 'data-client': one.client }, button), show };
  };

  const mark = () => {
    for (const each of list.children) set(each.firstChild, 'aria-current', each.dataset.client === chosen ? 'true' : null);
  };

  let turn = 0;
  const load = async () => {
    const mine = ++turn;
    const answer = await ask('GET', app.at('sessions'), { externalId: wanted, offset: paging.offset(), limit: PAGE });
    if (mine !== turn) return;
    keyed(list, answer.sessions.map(settled), (one) => one.client, row);
    rove();
    paging.show(answer.total);
    empty.hidden = answer.total > 0;
    if (answer.total === 0) fill(empty, nobody(app, wanted));
    if (app.more.client === undefined && (chosen === null || answer.total === 0)) chosen = answer.sessions[0]?.client ?? chosen;
    mark();
  };

  // The one that is chosen ------------------------------------------------------------------------------------------------

  const detail = details(app);
  const look = async () => {
    if (chosen === null) {
      say(who, `States of a client (${app.contract.diagram.variable})`);
      drawn.light(null);
      about.replaceChildren();
      return;
    }
    try {
      const one = await ask('GET', app.at('clients', chosen));
      say(who, title(one));
      drawn.light(one.state[app.contract.diagram.variable]);
      if (about.firstChild !== detail.element) fill(about, detail.element);
      await detail.show(one);
    } catch (error) {
      if (error.status !== 404) throw error;
      say(who, 'Nobody is chosen');
      drawn.light(null);
      fill(about, h('p', { class: 'dim' }, 'The client that was chosen is not known here any more. Choose a session from the list.'));
      chosen = null;
    }
  };

  return {
    element,
    turned: () => {
      if (app.more.client !== undefined) chosen = app.more.client;
      mark();
    },
    changed: async ({ records, journal, anew }) => {
      if (journal || anew) {
        const { entries } = await ask('GET', app.at('journal', 'latest'), { limit: LATEST });
        keyed(latest, entries, ({ number, at }) => `${number} ${at}`, (each) => entry(app, each));
        asked.hidden = entries.length === 0;
        walk();
      }
      if (records || anew) {
        await load();
        await look();
      }
    },
  };
}

/** A client without what changes by time alone. */
const settled = (one) => ({ ...one, token: one.token === null ? null : { ...one.token, left: undefined } });

/** What one does where there is nobody. */
function nobody(app, wanted) {
  if (wanted !== null) return h('p', null, `No session with the external ID “${wanted}” is open.`);
  const { method, path } = app.words.opens;
  const world = app.worlds.find((each) => each.name === app.world);
  const token = `TOKEN=$(curl -s ${quoted(`${base()}${ROOT}${app.at('tokens')}`)} -d '{"externalId": "ana"}' | grep -o 'ey[^"]*')`;
  const open = `curl -X ${method} ${quoted(`${world?.url ?? base()}${path}`)} -H "Authorization: Bearer $TOKEN" -d '{"name": "Ana"}'`;
  return [h('p', null, 'No session is open in this world. Open one:'), line('curl', 'curl open', `${token}\n${open}`).element];
}

/** All that is known of a client. */
function details(app) {
  const facts = h('dl', { class: 'facts' });
  const state = h('tbody');
  const heard = h('ol', { class: 'events', 'aria-label': 'Events, the newest first' });
  const none = h('p', { class: 'dim' });
  const journal = h('a');
  let here = null;
  const close = control({
    action: 'Close the session, as the platform does',
    kind: 'danger',
    folded: true,
    request: () => ({ method: 'POST', path: app.at('sessions', here ?? 'SESSION', 'close'), pytest: call('platform.close_session', [here ?? 'SESSION']) }),
    done: () => 'It is closed.',
    after: () => app.soon(),
  });
  const events = h('section', null, h('h3', null, 'Events'), heard, none);
  const element = h('div', null, facts, h('p', null, journal), close.element, events,
    h('details', { class: 'folded', open: true }, h('summary', null, 'State, by the variables of the contract'),
      h('table', { class: 'state-table' }, h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'variable'), h('th', { scope: 'col' }, 'value'))), state)));

  const fact = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
  let said = null;
  const show = async (one) => {
    const next = JSON.stringify(settled(one));
    if (next !== said) {
      said = next;
      const info = one.participant?.info ?? {};
      fill(facts,
        fact('participant', short(one.participant?.id)),
        ...Object.entries(info).map(([name, value]) => fact(name, value ?? '—')),
        fact('session', one.session === null ? 'none' : h('code', null, one.session)),
        one.session !== null && fact('opened', instant(one.opened), ' (', until(one.opened), ')'),
        one.conference !== null && fact('conference', h('a', { href: app.link('conferences', { id: one.conference }) }, short(one.conference))),
        one.token !== null && fact('token', short(one.token.id), ' ', h('span', { class: 'badge' }, one.token.condition), ' ends ', until(one.token.expires)));
      keyed(state, Object.entries(one.state), ([name]) => name, ([name, value]) => {
        const cell = h('td', null, value ?? '—');
        return { element: h('tr', null, h('th', { scope: 'row', title: app.contract.variables[name] }, name), cell), show: ([, text]) => say(cell, text ?? '—') };
      });
      close.element.hidden = one.session === null;
      journal.hidden = one.session === null && one.externalId === null;
      set(journal, 'href', app.link('journal', one.session === null ? { externalId: one.externalId } : { session: one.session }));
      say(journal, one.session === null ? 'What was asked with this external ID' : 'What was asked in this session');
    }
    if (here !== one.session) {
      here = one.session;
      keyed(heard, [], (each) => each.id, () => ({}));
    }
    close.show();
    events.hidden = one.session === null;
    if (one.session !== null) await listen(one);
  };
  const listen = async ({ session }) => {
    const answer = await ask('GET', app.at('sessions', session, 'events'), { limit: EVENTS }).catch((error) => {
      if (error.status !== 404) throw error; // closed since its client was looked at, which the next look shows
    });
    if (answer === undefined) return;
    keyed(heard, answer.events.reverse(), (each) => `${session} ${each.id}`, (each) => ({
      element: h('li', null, h('details', null,
        h('summary', null, h('span', { class: 'number' }, each.id), h('strong', null, each.name), h('time', { class: 'dim' }, instant(each.at, { date: false }))),
        h('pre', null, written(each.data)))),
    }));
    none.hidden = answer.events.length > 0 && !answer.more;
    say(none, answer.events.length === 0 ? 'It has heard of nothing yet. What other participants do stands here.' : `Only the newest ${EVENTS} are shown.`);
  };
  return { element, show };
}
