// Restate: its single-node server from npm and one handler; one ctx.run per step, awaited before the next begins.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import http2 from 'node:http2';
import { mkdirSync, openSync } from 'node:fs';
import * as restate from '@restatedev/restate-sdk';
import { answer, diskBytes, latencies, now, options, payload, version } from './driver.mjs';

// The SDK uses a function that Node 22 brought; Debian's Node is older.
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const require = createRequire(import.meta.url);
const o = options();
const server = require.resolve(`@restatedev/restate-server-linux-${process.arch}/bin/restate-server`);
const data = `${o.dir}/restate`;
mkdirSync(data, { recursive: true });

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});
const [ingress, admin, node, own] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const env = {
  PATH: process.env.PATH, HOME: o.dir, DO_NOT_TRACK: '1', RESTATE_DISABLE_TELEMETRY: 'true', RESTATE_BASE_DIR: data, RESTATE_NODE_NAME: 'bench', RESTATE_CLUSTER_NAME: 'bench',
  RESTATE_LISTEN_MODE: 'tcp', RESTATE_BIND_IP: '127.0.0.1', RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`, RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
  RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`, RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`, RESTATE_LOG_FILTER: 'warn',
};
const log = openSync(`${o.dir}/server.log`, 'a');
const start = () => spawn(server, ['--no-logo'], { env, cwd: data, stdio: ['ignore', log, log] });
const pause = (ms) => new Promise((r) => setTimeout(r, ms));
const call = (port, path, body) => fetch(`http://127.0.0.1:${port}${path}`, {
  method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
});
async function until(what, test) {
  for (const end = now() + 60e6; now() < end; await pause(10)) { try { if (await test()) return; } catch { /* not yet */ } }
  throw new Error(`${what} took more than 60 s; see ${o.dir}/server.log`);
}
const ready = () => until('the server', async () => (await call(admin, '/health')).ok && (await call(ingress, '/restate/health')).ok);

let times = [];
let missing = o.runs;
let reached;
let all = new Promise((resolve) => { reached = resolve; });
const agent = restate.service({
  name: 'agent',
  handlers: {
    warm: async (ctx) => {
      for (let i = 0; i < 100; i++) await ctx.run('work', () => payload('warm', i, o.bytes));
    },
    job: async (ctx, run) => {
      for (let i = 0; i < o.steps; i++) {
        const at = now();
        await ctx.run('work', () => payload(run, i, o.bytes));
        times.push(now() - at);
      }
      if (--missing === 0) reached();
      await ctx.awakeable().promise;
    },
  },
  options: { journalRetention: { days: 1 }, inactivityTimeout: { hours: 1 } },
});
const endpoint = http2.createServer(restate.createEndpointHandler({ services: [agent], logger: () => {} })).listen(own, '127.0.0.1');

let process_ = start();
process.on('exit', () => process_.kill('SIGKILL'));
await ready();
const registered = await call(admin, '/deployments', { uri: `http://127.0.0.1:${own}` });
if (!registered.ok) throw new Error(await registered.text());
const warm = await call(ingress, '/agent/warm', null);
if (!warm.ok) throw new Error(await warm.text());
const base = diskBytes(data);
const cpu = process.cpuUsage();
const begin = now();
for (let i = 0; i < o.runs; i++) await call(ingress, '/agent/job/send', `r${i}`);
await all;
const seconds = (now() - begin) / 1e6;
const used = process.cpuUsage(cpu);
const written = { steps: o.runs * o.steps, seconds, cpuSeconds: (used.user + used.system) / 1e6, diskBytes: diskBytes(data) - base, ...latencies(times) };

process_.kill('SIGKILL');
await new Promise((resolve) => process_.once('exit', resolve));
missing = o.runs;
all = new Promise((resolve) => { reached = resolve; });
const again = now();
process_ = start();
await all;
const recoveryMs = (now() - again) / 1000;
answer({
  ...written, recoveryMs, restoreMs: null,
  settings: `@restatedev/restate-server ${version('@restatedev/restate-server')} (single node, defaults: 24 partitions, log server syncs its WAL), @restatedev/restate-sdk ${version('@restatedev/restate-sdk')}, node ${process.version}`,
});
process.exit(0);
