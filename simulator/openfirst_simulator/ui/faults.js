// Faults: what goes wrong, and how often each has struck. Which kinds there are, and what each says, the simulator tells.

import { ask, call, control, labelled, options, snake } from './ask.js';
import { fill, h, keyed, say } from './dom.js';

// What the fixture's `fail` takes by name; whatever else a fault says, only a request can.
const NAMED = ['times', 'status', 'retry_after', 'seconds', 'field', 'after', 'probability', 'external_id', 'session'];
const OPERATION = 'operation';
const ALWAYS = ['times', 'externalId', 'after', 'probability'];

export function faults(app) {
  const { kinds, fields, recipes } = app.words;
  const kind = h('select', null, options(kinds.map((each) => each.kind)));
  const says = h('p', { class: 'hint' });
  const operation = h('select');
  const inputs = new Map(fields.filter((field) => field.name !== OPERATION).map((field) => [field.name, input(field)]));
  const usual = h('div', { class: 'inputs' }), rare = h('div', { class: 'inputs' });
  const mine = () => fields.filter((field) => field.kinds === null || field.kinds.includes(kind.value));
  const given = () => {
    const values = {};
    if (operation.value !== '') values[OPERATION] = operation.value;
    for (const { name, takes } of mine()) {
      const text = inputs.get(name)?.querySelector('input').value ?? '';
      if (text !== '') values[name] = takes === 'text' ? text : Number(text);
    }
    return values;
  };
  const turned = () => {
    const chosen = kinds.find((each) => each.kind === kind.value);
    say(says, `It ${chosen.says.replaceAll('`', '')}.`);
    const before = operation.value;
    fill(operation, options([['', 'any'], ...chosen.operations], before));
    const there = mine().filter((field) => inputs.has(field.name));
    for (const field of there) {
      const box = inputs.get(field.name).querySelector('input');
      box.required = field.needed.includes(kind.value);
    }
    const own = there.filter((field) => field.kinds !== null), all = there.filter((field) => field.kinds === null);
    fill(usual, [...own, ...all.filter((field) => ALWAYS.includes(field.name))].map((field) => inputs.get(field.name)));
    fill(rare, all.filter((field) => !ALWAYS.includes(field.name)).map((field) => inputs.get(field.name)));
  };
  turned();
  kind.addEventListener('change', turned);
  const add = control({
    title: 'Something is to go wrong',
    action: 'Add the fault',
    inside: [
      h('div', { class: 'inputs' }, labelled('Kind', kind), labelled('For the operation', operation)), says, usual,
      h('details', { class: 'folded' }, h('summary', null, 'More narrowly'), rare),
    ],
    request: () => ({ method: 'POST', path: app.at('faults'), fields: { kind: kind.value, ...given() }, pytest: test(kind.value, given()) }),
    done: () => 'It is there from now on.',
    after: () => app.soon(),
  });
  const whose = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'anybody' });
  const alone = (name) => (whose.value === '' ? {} : { [name]: whose.value });
  const ready = recipes.map(({ recipe }) => control({
    action: `Make it ${recipe}`,
    kind: 'quiet',
    folded: true,
    request: () => ({ method: 'POST', path: app.at('faults'), fields: { recipe, ...alone('externalId') }, pytest: call('platform.fail', [], { recipe, ...alone('external_id') }) }),
    done: () => 'It is so from now on.',
    after: () => app.soon(),
  }));

  whose.addEventListener('input', () => ready.forEach((each) => each.show()));

  const list = h('ul', { class: 'cards', 'aria-label': 'Faults' });
  const empty = h('p', { class: 'empty', hidden: true }, 'Nothing goes wrong in this world. Add a fault, or make it one of the mishaps that everybody has.');
  const heal = control({
    action: 'Heal everything', folded: true, kind: 'danger',
    request: () => ({ method: 'DELETE', path: app.at('faults'), pytest: call('platform.heal') }),
    done: () => 'Nothing goes wrong any more.',
    after: () => app.soon(),
  });
  const card = (one) => {
    const { id, kind: what, fitted, hits, ...said } = one;
    const count = h('p', { class: 'dim' });
    const show = (next) => say(count, `struck ${next.hits.toLocaleString('en')} of ${next.fitted.toLocaleString('en')} requests that fitted`);
    show(one);
    const remove = control({
      action: 'Remove it', kind: 'quiet', folded: true,
      request: () => ({ method: 'DELETE', path: app.at('faults', id) }),
      done: () => 'It is gone.',
      after: () => app.soon(),
    });
    const words = Object.entries(said).map(([name, value]) => h('span', { class: 'badge other' }, `${name} ${value}`));
    return { element: h('li', { class: 'card', 'data-fault': id }, h('h3', null, what, ' ', h('code', { class: 'id' }, id)), h('p', { class: 'badges' }, words), count, remove.element), show };
  };
  const element = h('div', { class: 'two even' },
    h('section', { class: 'panel', 'aria-labelledby': 'wrong' }, h('h2', { id: 'wrong' }, 'What goes wrong'), list, empty, heal.element),
    h('section', { class: 'panel' }, add.element, h('h3', null, 'Mishaps'), h('div', { class: 'inputs' }, labelled('Of one external ID', whose)), h('div', { class: 'recipes' }, ready.map((each) => each.element))));

  let last = null;
  const load = async () => {
    const answer = await ask('GET', app.at('faults'));
    const text = JSON.stringify(answer);
    if (text === last) return;
    last = text;
    keyed(list, answer.faults.slice(0, 200), (one) => one.id, card);
    empty.hidden = answer.faults.length > 0;
    heal.element.hidden = answer.faults.length === 0;
  };
  return { element, changed: async ({ records, anew }) => (records || anew) && load() };
}

function input({ name, takes }) {
  const type = takes === 'text' ? { type: 'text', autocomplete: 'off', spellcheck: 'false' } : { type: 'number', step: takes === 'whole' ? 1 : 'any' };
  const label = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return labelled(label, h('input', { ...type, name, placeholder: name === 'times' ? 'always' : '' }));
}

/** The line of a test that makes the fault; undefined where no line of a test does. */
function test(kind, { [OPERATION]: operation = null, ...said }) {
  const named = Object.fromEntries(Object.entries(said).map(([name, value]) => [snake(name), value]));
  if (Object.keys(named).some((name) => !NAMED.includes(name))) return undefined;
  return call('platform.fail', [operation, kind], { ...named, times: named.times ?? null });
}
