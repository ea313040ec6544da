// The clock of a world, and what is to happen.

import { ask, call, control, labelled, options } from './ask.js';
import { h, instant, keyed, say, short, until } from './dom.js';

const TIMERS = 50;
const UNITS = [['1', 'seconds'], ['60', 'minutes'], ['3600', 'hours'], ['86400', 'days']];

export function clock(app) {
  const soon = () => app.soon();
  const put = (scale, pytest) => ({ method: 'PUT', path: app.at('clock'), fields: { scale }, pytest });
  const speed = ({ scale }) => (scale === 0 ? 'Time stands still.' : `Time goes ${scale === 1 ? 'with the real one' : `${scale} times as fast as the real one`}.`);
  const scale = h('input', { type: 'number', min: 0, max: 1000000, step: 'any', value: 60, required: true });
  const by = h('input', { type: 'number', min: 0, step: 'any', value: 30, required: true });
  const unit = h('select', null, options(UNITS, '60'));
  const to = h('input', { type: 'datetime-local', step: 1, required: true });
  const seconds = () => Number(by.value) * Number(unit.value);
  const instantTo = () => (to.value === '' ? 0 : Date.parse(`${to.value}Z`) / 1000);
  const passed = ({ now, happened }) => [
    h('p', null, `It is ${instant(now)}. ${happened.length === 0 ? 'Nothing happened on the way.' : 'On the way:'}`),
    happened.length > 0 && h('ol', { class: 'happened' }, happened.slice(0, 100).map((each) => h('li', null, instant(each.at, { date: false }), ' ', h('strong', null, each.what), ' ', each.externalId ?? ''))),
  ];
  const controls = [
    control({ title: 'Stand still', action: 'Freeze', request: () => put(0, call('platform.clock.freeze')), done: speed, after: soon }),
    control({ title: 'Go with the real time', action: 'Run', request: () => put(1, call('platform.clock.run')), done: speed, after: soon }),
    control({ title: 'Go faster', action: 'Run so fast', inside: [labelled('Seconds in a real one', scale)], request: () => put(Number(scale.value), call('platform.clock.run', [Number(scale.value)])), done: speed, after: soon }),
    control({
      title: 'Let time pass', action: 'Advance', inside: [labelled('By', by), labelled('Unit', unit)],
      request: () => ({ method: 'POST', path: app.at('clock', 'advance'), fields: { milliseconds: Math.round(seconds() * 1000) }, pytest: call('platform.clock.advance', [seconds()]) }),
      done: passed, after: soon,
    }),
    control({
      title: 'Until the next thing happens', action: 'To the next',
      request: () => ({ method: 'POST', path: app.at('clock', 'advance'), fields: { next: true }, pytest: call('platform.clock.advance_to_next') }),
      done: passed, after: soon,
    }),
    control({
      title: 'Until an instant', action: 'To then', inside: [labelled('Instant (UTC)', to)],
      request: () => ({ method: 'POST', path: app.at('clock', 'advance'), fields: { to: instantTo() }, pytest: call('platform.clock.advance_to', [instantTo()]) }),
      done: passed, after: soon,
    }),
  ];
  const body = h('tbody'), empty = h('p', { class: 'empty' }, 'Nothing is to happen. Tokens that are used will end, and what faults delay will be due.'), rest = h('p', { class: 'dim' });
  const table = h('table', { class: 'flow' }, h('thead', null, h('tr', null, ['due', '', 'what', 'of'].map((name) => h('th', { scope: 'col' }, name)))), body);
  const element = h('div', { class: 'stack' },
    h('section', { class: 'panel controls', 'aria-labelledby': 'times' }, h('h2', { id: 'times' }, 'The clock of this world'), controls.map((each) => each.element)),
    h('section', { class: 'panel', 'aria-labelledby': 'due' }, h('h2', { id: 'due' }, 'What is due'), table, empty, rest));

  const load = async () => {
    const answer = await ask('GET', app.at('timers'), { limit: TIMERS });
    const numbers = new Map();
    const named = answer.timers.map((timer) => {
      const key = `${timer.due} ${timer.what} ${timer.of}`;
      numbers.set(key, (numbers.get(key) ?? 0) + 1);
      return { ...timer, key: `${key} ${numbers.get(key)}` };
    });
    keyed(body, named, (timer) => timer.key, (timer) => ({ element: h('tr', null, h('td', null, h('time', null, instant(timer.due))), h('td', null, until(timer.due)), h('td', null, h('strong', null, timer.what)), h('td', null, short(timer.of))) }));
    empty.hidden = answer.total > 0;
    table.hidden = answer.total === 0;
    say(rest, answer.total > TIMERS ? `and ${(answer.total - TIMERS).toLocaleString('en')} more` : '');
    if (to.value === '') {
      to.value = new Date(app.pulse.now * 1000 + 3600e3).toISOString().slice(0, 19);
      controls.at(-1).show();
    }
  };
  return { element, changed: async ({ records, anew, time }) => (records || anew || time) && load() };
}
