// DBOS on a PostgreSQL of its own: one workflow per run, one DBOS.runStep per step, each recorded before the next begins.
// PostgreSQL listens on a unix socket in the benchmark's directory only, with its own defaults (fsync on).
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { answer, diskBytes, latencies, now, options, payload, version } from './driver.mjs';

const o = options();
const bin = process.env.CAIRN_BENCH_POSTGRES ?? '/usr/lib/postgresql/15/bin';
const data = `${o.dir}/postgres`;
const port = 5432; // of the socket's name; no TCP port is opened
const root = process.getuid() === 0;
const quiet = ['-c', `unix_socket_directories=${o.dir}`, '-c', 'listen_addresses=', '-c', `port=${port}`, '-c', 'max_connections=64'];
const as = (command, args) => (root ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]] : [command, args]);

async function workflows(DBOS, o, reached) {
  const times = [];
  const warm = DBOS.registerWorkflow(async () => {
    for (let i = 0; i < 100; i++) await DBOS.runStep(async () => payload('warm', i, o.bytes), { name: 'work' });
  }, { name: 'warm' });
  const workflow = DBOS.registerWorkflow(async (run) => {
    for (let i = 0; i < o.steps; i++) {
      const at = now();
      await DBOS.runStep(async () => payload(run, i, o.bytes), { name: 'work' });
      times.push(now() - at);
    }
    reached(run);
    await DBOS.recv('never', 100000);
  }, { name: 'agent' });
  DBOS.setConfig({
    name: 'cairn-bench', systemDatabaseUrl: process.env.CAIRN_BENCH_URL, logLevel: 'error', runAdminServer: false, applicationVersion: '1', executorID: 'bench',
  });
  return { workflow, warm, times };
}

function gate(count) {
  let missing = count;
  let open;
  const all = new Promise((resolve) => { open = resolve; });
  return { all, one: () => { if (--missing === 0) open(); } };
}

if (o.phase === 'write') {
  const { DBOS } = await import('@dbos-inc/dbos-sdk');
  const { all, one } = gate(o.runs);
  const { workflow, warm, times } = await workflows(DBOS, o, one);
  await DBOS.launch();
  await (await DBOS.startWorkflow(warm)()).getResult();
  const before = diskBytes(data);
  const cpu = process.cpuUsage();
  const begin = now();
  for (let i = 0; i < o.runs; i++) await DBOS.startWorkflow(workflow, { workflowID: `r${i}` })(`r${i}`);
  await all;
  const seconds = (now() - begin) / 1e6;
  const used = process.cpuUsage(cpu);
  writeSync(1, `${JSON.stringify({
    steps: o.runs * o.steps, seconds, cpuSeconds: (used.user + used.system) / 1e6, diskBytes: diskBytes(data) - before,
    sdk: version('@dbos-inc/dbos-sdk'), ...latencies(times),
  })}\n`);
  process.kill(process.pid, 'SIGKILL');
} else if (o.phase === 'recover') {
  const { DBOS } = await import('@dbos-inc/dbos-sdk');
  const { all, one } = gate(o.runs);
  await workflows(DBOS, o, one);
  const begin = now();
  await DBOS.launch();
  await all;
  const recoveryMs = (now() - begin) / 1000;
  const again = now();
  await DBOS.forkWorkflow('r0', Math.floor(o.steps / 2));
  writeSync(1, `${JSON.stringify({ recoveryMs, restoreMs: (now() - again) / 1000 })}\n`);
  process.kill(process.pid, 'SIGKILL');
} else {
  mkdirSync(data, { recursive: true });
  if (root) execFileSync('chown', ['-R', 'postgres:postgres', o.dir]);
  chmodSync(data, 0o700);
  const run = (command, args) => execFileSync(...as(command, args), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run(`${bin}/initdb`, ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--locale=C']);
  const start = () => run(`${bin}/pg_ctl`, ['-D', data, '-w', '-s', '-l', `${data}/server.log`, '-o', quiet.join(' '), 'start']);
  const postmaster = () => Number(readFileSync(`${data}/postmaster.pid`, 'utf8').split('\n')[0]);
  const ask = (sql) => run(`${bin}/psql`, ['-h', o.dir, '-p', `${port}`, '-U', 'bench', '-At', '-d', 'postgres', '-c', sql]).trim();
  const url = `postgresql://bench@localhost:${port}/bench?host=${encodeURIComponent(o.dir)}`;
  const child = (phase) => new Promise((resolve, reject) => {
    const args = [fileURLToPath(import.meta.url), '--phase', phase, '--dir', o.dir, '--runs', `${o.runs}`, '--steps', `${o.steps}`, '--bytes', `${o.bytes}`];
    const process_ = spawn(process.execPath, args, {
      env: { ...process.env, CAIRN_BENCH_URL: url }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    let wrong = '';
    process_.stdout.on('data', (piece) => { text += piece; });
    process_.stderr.on('data', (piece) => { wrong += piece; });
    process_.on('close', () => {
      const line = text.trim().split('\n').findLast((l) => l.startsWith('{"'));
      if (line === undefined) reject(new Error(`${phase}: ${wrong || text}`)); else resolve(JSON.parse(line));
    });
  });
  try {
    start();
    ask('create database bench');
    const settings = `${ask('show server_version')}; ${['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers'].map((s) => `${s}=${ask(`show ${s}`)}`).join(' ')}`;
    const written = await child('write');
    // The server dies as well: recovery includes its own.
    process.kill(postmaster(), 'SIGKILL');
    const begin = now();
    let up = false; // its children need a moment to see that it died; until then it does not start
    for (let tries = 0; !up && tries < 50; tries++) {
      try { start(); up = true; } catch { await new Promise((r) => setTimeout(r, 100)); }
    }
    const serverMs = (now() - begin) / 1000;
    const found = await child('recover');
    answer({
      ...written, ...found, recoveryMs: found.recoveryMs + serverMs,
      settings: `@dbos-inc/dbos-sdk ${written.sdk}, PostgreSQL ${settings}, node ${process.version}`,
    });
  } finally {
    try { run(`${bin}/pg_ctl`, ['-D', data, '-m', 'immediate', '-s', 'stop']); } catch { /* it is down */ }
  }
}
