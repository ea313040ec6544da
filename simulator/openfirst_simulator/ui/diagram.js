// The states of the contract and what leads from one to another, as a drawing: states below one another in the order in which they
// are reached, arrows down on the right, arrows back up on the left. What they are called, and how many there are, the contract says.

import { svg, set } from './dom.js';

let drawings = 0;
const LETTER = 6.7, LINE = 15, GAP = 16, HALF = 17;

/** `{element, light(state)}`: the drawing, and what lights the state with this name (or none). */
export function diagram({ initial, states, arrows, variable }) {
  const order = reached(initial, states, arrows);
  const place = new Map(order.map((state, turn) => [state, turn]));
  const sides = { right: [], left: [] };
  for (const arrow of arrows) {
    const from = place.get(arrow.from), to = place.get(arrow.to);
    sides[from < to ? 'right' : 'left'].push({ ...arrow, top: Math.min(from, to), bottom: Math.max(from, to), span: Math.abs(from - to) });
  }
  const half = Math.max(38, ...order.map((state) => (state.length * 7.6) / 2 + 14));
  const widths = {};
  for (const [side, all] of Object.entries(sides)) widths[side] = lanes(all);
  const step = Math.max(90, ...arrows.map((arrow) => arrow.calls.length * LINE + 44));
  const centre = widths.left + half + GAP, width = centre + half + widths.right + GAP;
  const y = (turn) => 28 + HALF + turn * step;
  const height = y(order.length - 1) + HALF + 12;

  const number = (drawings += 1);
  const nodes = new Map(), lines = [];
  const drawn = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', class: 'diagram' },
    svg('title'),
    svg('defs', null, ['tip', 'lit-tip'].map((kind) => svg('marker', { id: `${kind}-${number}`, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse' }, svg('path', { d: 'M0 0 8 4 0 8z', class: kind })))));
  const tips = { tip: `url(#tip-${number})`, lit: `url(#lit-tip-${number})` };
  drawn.append(svg('path', { class: 'arrow', d: `M${centre} 6V${y(0) - HALF - 2}`, 'marker-end': tips.tip }), svg('circle', { class: 'start', cx: centre, cy: 7, r: 5 }));

  for (const [side, all] of Object.entries(sides)) {
    const sign = side === 'right' ? 1 : -1;
    for (const arrow of all) {
      // Where several meet a state on one side, each has its own height.
      const edge = centre + sign * half, apex = centre + sign * (half + arrow.lane);
      const shift = 5 + 3 * (arrow.span - 1);
      const down = arrow.from === order[arrow.top];
      const a = y(arrow.top) + shift, b = y(arrow.bottom) - shift, middle = (a + b) / 2;
      const points = `M${edge} ${a}C${apex} ${a} ${apex} ${a + 14} ${apex} ${Math.min(middle, a + 34)}V${Math.max(middle, b - 34)}C${apex} ${b - 14} ${apex} ${b} ${edge} ${b}`;
      const line = svg('path', { class: 'arrow', d: points, [down ? 'marker-end' : 'marker-start']: tips.tip });
      const first = middle - ((arrow.calls.length - 1) * LINE) / 2 + 4;
      const labels = arrow.calls.map((call, turn) =>
        svg('text', { class: 'call', x: apex + sign * 7, y: first + turn * LINE, 'text-anchor': side === 'right' ? 'start' : 'end' }, call));
      const group = svg('g', { 'data-from': arrow.from, 'data-to': arrow.to }, line, labels);
      lines.push(group);
      drawn.append(group);
    }
  }
  for (const state of order) {
    const at = y(place.get(state));
    const node = svg('g', { class: 'state', 'data-state': state },
      svg('rect', { x: centre - half, y: at - HALF, width: 2 * half, height: 2 * HALF, rx: HALF }),
      svg('text', { x: centre, y: at + 5, 'text-anchor': 'middle' }, state));
    nodes.set(state, node);
    drawn.append(node);
  }

  const light = (state) => {
    for (const [name, node] of nodes) {
      node.classList.toggle('lit', name === state);
      set(node, 'aria-current', name === state ? 'true' : null);
    }
    for (const line of lines) {
      const lit = line.dataset.from === state, path = line.firstChild;
      line.classList.toggle('lit', lit);
      set(path, path.hasAttribute('marker-end') ? 'marker-end' : 'marker-start', lit ? tips.lit : tips.tip);
    }
    const ways = arrows.filter((arrow) => arrow.from === state).map((arrow) => `${arrow.to} by ${arrow.calls.join(', ')}`);
    const here = state === null ? `States of ${variable}: ${order.join(', ')}.` : `${variable} is ${state}. From here: ${ways.join('; ') || 'nowhere else'}.`;
    drawn.querySelector('title').textContent = here;
    set(drawn, 'aria-label', here);
  };
  light(null);
  return { element: drawn, light };
}

/** The states in the order in which they are reached from the initial one; those that nothing leads to come last. */
function reached(initial, states, arrows) {
  const order = [initial];
  for (const here of order) for (const arrow of arrows) if (arrow.from === here && !order.includes(arrow.to)) order.push(arrow.to);
  return [...order, ...states.filter((state) => !order.includes(state))];
}

/** How far out each arrow of a side runs, so that it passes the labels of shorter ones; and how wide that makes the side. */
function lanes(all) {
  let out = 0;
  for (const span of [...new Set(all.map((arrow) => arrow.span))].sort((a, b) => a - b)) {
    const mine = all.filter((arrow) => arrow.span === span);
    const lane = out + GAP + 8;
    for (const arrow of mine) arrow.lane = lane;
    out = lane + 7 + LETTER * Math.max(...mine.flatMap((arrow) => arrow.calls.map((call) => call.length)));
  }
  return out;
}
