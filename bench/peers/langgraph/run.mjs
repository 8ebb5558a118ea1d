// LangGraph.js with SqliteSaver: a graph of one node that loops, one checkpoint per step, durability "sync".
// --state history: each step appends its payload to a list, as message lists do. --state last: a step replaces it.
import { writeSync } from 'node:fs';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { latencies, now, options, payload, version } from './driver.mjs';

const o = options();
const opened = now();
const saver = SqliteSaver.fromConnString(`${o.dir}/langgraph.sqlite`);
saver.setup();
saver.db.pragma(`synchronous=${o.sync}`);
const settings = `journal_mode=${saver.db.pragma('journal_mode', { simple: true })} synchronous=${saver.db.pragma('synchronous', { simple: true })} durability=sync`;

let deadline = Infinity;
let times = [];
let cut = false;
const State = Annotation.Root({
  step: Annotation({ reducer: (_, next) => next, default: () => 0 }),
  messages: Annotation({ reducer: o.state === 'history' ? (all, next) => all.concat(next) : (_, next) => next, default: () => [] }),
});
const last = new Map();
const build = (checkpointer, steps) => new StateGraph(State)
  .addNode('work', (state, config) => {
    const run = config.configurable.thread_id;
    const at = now();
    if (last.has(run)) times.push(at - last.get(run));
    last.set(run, at);
    cut ||= at > deadline;
    return { step: state.step + 1, messages: [payload(run, state.step, o.bytes)] };
  })
  .addEdge(START, 'work')
  .addConditionalEdges('work', (state) => (state.step >= steps || cut ? END : 'work'))
  .compile({ checkpointer });
const graph = build(saver, o.steps);

if (o.phase === 'write') {
  // Compiled code and warm caches, as in Cairn's own samples; in memory, so that the file measured is fresh.
  await build(SqliteSaver.fromConnString(':memory:'), 100).invoke({}, { configurable: { thread_id: 'warm' }, recursionLimit: 110, durability: 'sync' });
  times = [];
  const begin = now();
  deadline = begin + o.seconds * 1e6;
  const cpu = process.cpuUsage();
  const done = await Promise.all(Array.from({ length: o.runs }, (_, i) => graph.invoke({},
    { configurable: { thread_id: `r${i}` }, recursionLimit: o.steps + 10, durability: 'sync' })));
  const seconds = (now() - begin) / 1e6;
  const used = process.cpuUsage(cpu);
  const versions = ['@langchain/langgraph', '@langchain/langgraph-checkpoint-sqlite', 'better-sqlite3']
    .map((name) => `${name} ${version(name)}`).join(', ');
  // Written at once and whole: the process is gone on the next line, without closing anything.
  writeSync(1, `${JSON.stringify({
    steps: done.reduce((sum, s) => sum + s.step, 0), seconds, cpuSeconds: (used.user + used.system) / 1e6, cut,
    settings: `${versions}, SQLite ${saver.db.prepare('select sqlite_version() v').get().v}, node ${process.version}, ${settings}`,
    ...latencies(times),
  })}\n`);
  process.kill(process.pid, 'SIGKILL');
} else {
  const config = { configurable: { thread_id: 'r0' } };
  const state = await graph.getState(config);
  for (let i = 1; i < o.runs; i++) await graph.getState({ configurable: { thread_id: `r${i}` } });
  const recoveryMs = (now() - opened) / 1000;
  let middle = null;
  for await (const row of saver.list(config)) {
    if (row.checkpoint.channel_values.step >= Math.floor(state.values.step / 2)) middle = row.config; else break;
  }
  const again = now();
  const old = await graph.getState(middle);
  await graph.updateState(old.config, { step: old.values.step });
  writeSync(1, `${JSON.stringify({ recoveryMs, restoreMs: (now() - again) / 1000, found: state.values.step })}\n`);
}
