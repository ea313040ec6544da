// The journal: what was asked, what was answered, and the rule with its sentence where something was refused.

import { ask, call, copy, line, curl, labelled, options } from './ask.js';
import { h, instant, keyed, roving, say, short, written } from './dom.js';

const PAGE = 50;

export function journal(app) {
  let wanted = {}, newest = [], before = [], more = false, last = 0, dropped = 0, waiting = 0;
  const list = h('ol', { class: 'rows entries', 'aria-label': 'Entries, the newest first' });
  const rove = roving(list, 'summary');
  const empty = h('p', { class: 'empty', hidden: true });
  const newer = h('button', { type: 'button', class: 'quiet', on: { click: () => back() } }, '← Newest');
  const older = h('button', { type: 'button', class: 'quiet', on: { click: () => forth() } }, 'Older →');
  const said = h('span', { role: 'status' });

  const operation = h('select', null, options([['', 'any'], ...app.words.operations]));
  const status = h('input', { type: 'number', min: 0, max: 599, placeholder: 'any', inputmode: 'numeric' });
  const externalId = h('input', { type: 'search', placeholder: 'any', autocomplete: 'off', spellcheck: 'false' });
  const session = h('input', { type: 'search', placeholder: 'any', autocomplete: 'off', spellcheck: 'false' });
  const fields = { operation, status, externalId, session };
  const shell = line('curl', 'curl'), test = line('pytest', 'pytest');
  const form = h('form', { class: 'control filter', 'aria-label': 'Filter', on: { submit: (event) => event.preventDefault() } },
    h('div', { class: 'inputs' },
      labelled('Operation', operation), labelled('Status', status), labelled('External ID', externalId), labelled('Session', session),
      h('button', { type: 'button', class: 'quiet', on: { click: () => reset() } }, 'All of it')),
    h('details', { class: 'folded' }, h('summary', null, 'As a request'), h('div', { class: 'lines' }, shell.element, test.element)));
  const element = h('section', { class: 'panel', 'aria-labelledby': 'asked' },
    h('h2', { id: 'asked' }, 'What was asked'), form, list, empty, h('p', { class: 'pages' }, newer, said, older));

  const filter = () => Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value]).filter(([, value]) => value !== ''));
  const asked = () => {
    wanted = filter();
    shell.say(curl('GET', app.at('journal'), wanted));
    const { operation: name, externalId: whose, status: which, session: where } = wanted;
    test.say(call('platform.journal.find', name === undefined ? [] : [name], { status: which === undefined ? undefined : Number(which), external_id: whose, session: where }));
  };
  const anew = async () => {
    asked();
    newest = [];
    before = [];
    await load();
  };
  const reset = () => {
    for (const input of Object.values(fields)) input.value = '';
    return anew();
  };
  form.addEventListener('input', anew);
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') reset();
  });
  list.addEventListener('keydown', (event) => {
    const entry = event.key === 'Escape' ? event.target.closest('li')?.querySelector(':scope > details') : null;
    if (!entry) return;
    entry.open = false;
    entry.querySelector('summary').focus();
  });

  let turn = 0;
  /** The newest page, or the one before the entry that was gone back to. Of the newest, only what is new is fetched. */
  const load = async ({ fresh = true } = {}) => {
    const mine = ++turn, end = before.at(-1);
    const since = fresh || end !== undefined || newest.length === 0 ? undefined : newest[0].number;
    let answer;
    try {
      answer = await ask('GET', app.at('journal', 'latest'), { ...wanted, since, before: end, limit: PAGE });
    } catch (error) {
      if (error.status !== 400) throw error;
      if (mine === turn) {
        newest = [];
        more = false;
        shown(error.message);
      }
      return;
    }
    if (mine !== turn) return;
    ({ last, dropped } = answer);
    if (since === undefined) {
      newest = answer.entries;
      more = answer.more;
    } else {
      const rest = answer.more ? [] : newest; // So many came that none of those before is on the page.
      more = more || answer.more || answer.entries.length + rest.length > PAGE;
      newest = [...answer.entries, ...rest].slice(0, PAGE);
    }
    waiting = 0;
    shown();
  };
  const back = () => {
    before = [];
    return load();
  };
  const forth = () => {
    before.push(newest.at(-1).number);
    return load();
  };
  const shown = (instead) => {
    keyed(list, newest, ({ number, at }) => `${number} ${at}`, (entry) => row(app, entry));
    rove();
    empty.hidden = newest.length > 0;
    const nothing = last === 0 ? 'Nothing was asked in this world yet. Open a session (the view Sessions has the line), or point your app at it.' : 'No entry fits. Take something out of the filter.';
    say(empty, instead ?? nothing);
    newer.hidden = before.length === 0;
    older.hidden = !more;
    news();
  };
  const news = () => {
    const held = newest.length === 0 ? '' : `${newest.at(-1).number.toLocaleString('en')} to ${newest[0].number.toLocaleString('en')} of ${last.toLocaleString('en')}`;
    const gone = dropped > 0 ? `; the first ${dropped.toLocaleString('en')} had to go` : '';
    say(said, `${held}${gone}${waiting > 0 ? `; ${waiting.toLocaleString('en')} newer` : ''}`);
  };

  let cleared = null;
  return {
    element,
    turned: () => {
      for (const [name, input] of Object.entries(fields)) if (app.more[name] !== undefined) input.value = app.more[name];
      asked();
    },
    changed: async ({ journal: isOther, anew: all }) => {
      if (!isOther && !all) return;
      const again = all || cleared !== app.pulse.journal.cleared;
      cleared = app.pulse.journal.cleared;
      if (again) before = [];
      if (before.length === 0) await load({ fresh: again });
      else {
        waiting = app.pulse.journal.last - last;
        news();
      }
    },
  };
}

/** An entry as a row that opens. */
export function row(app, entry) {
  const { answer, request } = entry;
  const bad = answer !== null && (answer.status >= 400 || answer.status === 0);
  const status = answer === null ? 'move' : answer.status === 0 ? 'none' : `${answer.status}`;
  const summary = h('summary', { class: 'row entry' },
    h('span', { class: 'number' }, entry.number),
    h('time', { class: 'dim' }, instant(entry.at, { date: false, fine: true })),
    h('span', { class: 'what' }, h('strong', null, entry.operation), request && h('small', { title: `${request.method} ${request.path}` }, tail(request.path))),
    h('span', { class: `badge ${bad ? 'bad' : answer === null ? 'other' : 'good'}` }, status),
    h('span', { class: 'whose' }, entry.externalId ?? ''),
    h('span', { class: 'why dim' }, entry.code ?? '', entry.faults.map((id) => h('span', { class: 'badge warn', title: 'The fault that struck' }, id))));
  const details = h('details', null, summary);
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(inside(app, entry, request, answer));
  });
  return { element: h('li', { 'data-number': entry.number }, details) };
}

/** The end of a path, which tells one request from another. */
const tail = (path) => path.split('/').slice(-2).map((part) => (part.length > 20 ? `${part.slice(0, 8)}…` : part)).join('/');

function inside(app, entry, request, answer) {
  const rule = entry.rule === null ? undefined : app.contract.rules[entry.rule];
  const said = entry.rule === null ? null : h('div', { class: 'rule' },
    h('p', null, 'Refused by the rule ', h('code', null, entry.rule), rule && `: ${rule.statement}`),
    h('blockquote', null, h('p', null, entry.quote ?? ''), rule && h('footer', null, rule.source)));
  const fact = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
  return h('div', { class: 'inside' },
    said,
    h('dl', { class: 'facts' },
      fact('row', entry.row === null ? 'none: the contract did not decide' : h('code', null, entry.row)),
      fact('session', entry.session === null ? '—' : h('code', null, entry.session)),
      fact('token', short(entry.token)),
      entry.faults.length > 0 && fact('faults', entry.faults.map((id) => [h('code', null, id), ' '])),
      answer !== null && answer.delivery !== 'whole' && fact('went out', answer.delivery)),
    h('div', { class: 'both' },
      request && part('Request', `${request.method} ${request.path}`, request.body),
      answer && part('Answer', answer.status === 0 ? 'no answer' : `${answer.status}`, answer.body)),
    entry.before !== null && states(entry.before, entry.after));
}

function part(name, first, body) {
  const text = body === null ? '' : written(body);
  return h('section', null, h('h4', null, name), h('pre', null, h('b', null, first), text === '' ? '' : `\n\n${text}`), text !== '' && copy(() => text, `the ${name.toLowerCase()}'s body`));
}

function states(before, after) {
  const every = Object.keys(before).map((name) => [name, before[name], after?.[name] ?? null]);
  const other = every.filter(([, old, now]) => old !== now), same = every.filter(([, old, now]) => old === now);
  const table = (rows, heads) => h('table', { class: 'state-table' },
    h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', null, rows.map(([name, ...values]) => h('tr', null, h('th', { scope: 'row' }, name), values.map((value) => h('td', null, value ?? '—'))))));
  return h('section', null, h('h4', null, 'State'),
    other.length > 0 ? table(other, ['variable', 'before', 'after']) : h('p', { class: 'dim' }, 'Nothing was changed.'),
    h('details', { class: 'folded' }, h('summary', null, `The same before and after (${same.length})`), table(same.map(([name, old]) => [name, old]), ['variable', 'value'])));
}
