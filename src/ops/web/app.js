// The status page of tunnel-client. It asks the client that served it, and nobody else. What that says comes from elsewhere: callers,
// servers. It becomes text nodes (`text`), or picks an entry of a table here. No markup is ever made of it.

const POLL_MS = 2000; // between two looks at /api/status
const SYSTEM_MS = 4000; // at /api/system, which seldom changes
const ANSWER_MS = 5000; // what takes longer is no answer; what is older is stale
const BUNDLE_MS = 100000; // packing takes seconds
const PAUSES_MS = [1000, 30000]; // before the log is asked for again: first, longest
const QUIET_MS = 45000; // three missed pings: the stream is dead
const SAMPLES = 120;
const LOG_ROWS = 500;
const ROWS = 100; // of any other list
const TEXT = 300; // characters of one text
const EVENT = 1 << 18; // characters of one event of the log

const $ = (id) => document.getElementById(id);
const on = (target, event, act) => target.addEventListener(event, act);

// Class (also the sign) and word of each state.
const STATUS = { ok: ['ok', 'works'], degraded: ['bad', 'faulty'], unknown: ['unknown', 'not known'], disabled: ['off', 'not in use'] };
const LAYER = { enforced: ['ok', 'enforced'], partial: ['warn', 'partly enforced'], missing: ['bad', 'missing'], off: ['bad', 'off'] };
const CERTIFICATE = { valid: ['ok', 'valid'], ends_soon: ['warn', 'ends soon'], expired: ['bad', 'expired'], not_yet_valid: ['bad', 'not yet valid'] };
const SIGNS = { ok: 'M3 8.5 6.5 12 13 4.5', bad: 'M4 4l8 8M12 4l-8 8', warn: 'M8 2.5v7M8 12.5v1', unknown: 'M3 8h1.5M7.25 8h1.5M11.5 8H13', off: 'M3.5 8h9' };
const SEVERITY = { ERROR: 'bad', WARN: 'warn', DEBUG: 'quiet' };
const HOPS = { callers: 'Callers', relay: 'Relay', client: 'Client', mcp: 'MCP server' };

// Name, key, and whether it counts faults.
const COUNTERS = [
  ['Calls', 'commands'], ['Answered', 'answered'], ['Failed', 'failed', true], ['Refused', 'refused'], ['Undelivered', 'undelivered', true], ['In flight', 'in_flight'],
  ['Polls', 'polls'], ['Failed polls', 'poll_errors', true], ['Secrets removed', 'redactions'], ['Log lines lost', 'log_lines_lost', true],
  ['Audit records lost', 'audit_records_dropped', true],
];

// What to do; docs/health.md has all.
const DOCTOR = 'tunnel-client doctor goes the way hop by hop and names what fails.';
const ADVICE = {
  relay: {
    http_error: 'Check the key, control_plane.tunnel_id and control_plane.base_url; 429 and 5xx are for the operator of the relay.',
    timeout: 'Look for a proxy that holds answers back.',
    network_error: 'Check that the relay runs, then name, proxy and TLS on the way there.',
  },
  client: {
    certificate_expired: 'Replace the certificate; it is read without a restart.',
    reload_rejected: 'Those of before are in use; the log says why the new ones were refused.',
    write_failed: 'Make room for audit.file, or repair its disk; commands are refused until it takes records, unless audit.on_failure lets them pass.',
    queue_full: 'The disk of audit.file is too slow for so many calls.',
    log_lines_lost: 'Whoever reads the log is too slow, or its disk is full.',
    log_server_unreachable: 'Check that the log server runs, then its name, port and certificate.',
  },
  mcp: {
    probe_failed: 'Start the MCP server; check mcp.server_urls.',
    operation_failed: 'Look for “MCP command failed” in the log.',
    operation_timed_out: 'Look whether the server hangs.',
    last_calls_failed: 'Start the server of the channel; check its address.',
    stdio_restarted: 'Lines [CHANNEL] on the standard error of the client say why it ended.',
    calls_unanswered: 'It hangs, or does one thing at a time.',
  },
};

const list = (value, most = ROWS) => (Array.isArray(value) ? value.slice(0, most) : []);
const object = (value) => (value !== null && typeof value === 'object' ? value : {});
const objects = (value) => list(value).map(object);
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const entry = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

// Text to show: bounded, without characters that are invisible or turn the direction of others.
function text(value, most = TEXT) {
  const all = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
  const cut = all.length > most ? `${all.slice(0, most)}… (${all.length} characters)` : all;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}

// An element. `kind` (`p.quiet`: tag and classes) and attributes come from this file; all else becomes text, nulls nothing.
const DRAWN = ['svg', 'path', 'polyline', 'polygon'];
function el(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split('.');
  const made = DRAWN.includes(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  if (classes.length) made.setAttribute('class', classes.join(' '));
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : text(child))));
  return made;
}

const sign = (kind) => el('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, el('path', { d: SIGNS[kind] }));
const mark = ([kind, word] = STATUS.unknown, more = '') => el(`span.mark.${kind}`, null, sign(kind), word + more);
const item = (name, state, more) => el('li', null, el('div.head', null, el('h3', null, name), state), more);
const terms = (rows) => rows.filter(([, value]) => (value ?? '') !== '').map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value)));

// Replaces what an element holds, if `data` has changed: selection, focus and scrolling stay otherwise.
const shown = new WeakMap();
function show(element, data, make) {
  const now = JSON.stringify(data);
  if (shown.get(element) === now) return;
  shown.set(element, now);
  element.replaceChildren(...make());
}

// Sets the text of a line, which is hidden without any.
function say(element, ...words) {
  const now = words.filter(Boolean).map((word) => text(word, 2 * TEXT)).join(' ');
  if (element.textContent !== now) element.textContent = now;
  element.hidden = now === '';
}

const clock = (time) => /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? '';
const day = (time) => /^\d{4}-\d\d-\d\d/.exec(time)?.[0] ?? 'not known';
const rate = (value) => value.toFixed(value < 10 ? 1 : 0);
const count = (value) => number(value).toLocaleString('en');
const size = (bytes) => (number(bytes) < 1000 ? `${number(bytes)} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
function span(seconds) {
  const all = Math.max(0, Math.floor(number(seconds)));
  if (all < 120) return `${all} s`;
  if (all < 7200) return `${Math.floor(all / 60)} min`;
  return all < 172800 ? `${Math.floor(all / 3600)} h` : `${Math.floor(all / 86400)} days`;
}

// ---- Asking the client

let token = ''; // here and nowhere else: in no storage, no address, no form
let run = null; // ends everything that asks the client

// Its message is what the client said, if anything.
class NoAnswer extends Error {}
const silent = () => { throw new NoAnswer(); };

async function ask(path, signal, { stream = false, headers, ...options } = {}) {
  const answer = await fetch(path, {
    cache: 'no-store', credentials: 'omit', redirect: 'error', ...options,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...headers },
    signal: stream ? signal : AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  }).catch(silent);
  if (answer.ok) return stream ? answer : object(await answer.json().catch(silent));
  if (answer.status === 401 && !signal.aborted) askForToken();
  throw new NoAnswer(`${answer.status} ${text(await answer.text().catch(silent)).trim()}`);
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    on(signal, 'abort', end);
  });
}

function start() {
  stop();
  run = new AbortController();
  failure = null;
  poll(run.signal);
  tick(run.signal);
}

function stop() {
  run?.abort();
  run = log.stream = null;
}

function askForToken() {
  stop();
  say($('token-error'), token && 'The client does not accept this token.');
  token = '';
  for (const id of ['tunnel', 'panels', 'nav']) $(id).hidden = true;
  $('token-form').hidden = false;
  $('token').focus();
}

on($('token-form'), 'submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  $('token').value = '';
  if (!/^[\x21-\x7e]+$/.test(token)) return askForToken();
  $('token-form').hidden = true;
  $('tunnel').hidden = false;
  $('main').focus();
  start();
});

// Nobody looks, so nothing is asked.
on(document, 'visibilitychange', () => {
  if (!$('token-form').hidden) return;
  previous = null; // the difference over an absence is no rate
  if (document.hidden) stop();
  else start();
});

// ---- The loop

let status = null; // the newest answer
let answered = Date.now(); // when it came
let failure = null; // why the newest question got none
let systemAt = 0;

async function poll(signal) {
  systemAt = 0;
  while (!signal.aborted) {
    try {
      const next = await ask('/api/status', signal);
      if (status && status.client_instance_id !== next.client_instance_id) restarted();
      sample(next);
      status = next;
      answered = Date.now();
      failure = null;
      drawStatus();
      if (!log.stream) follow();
      if (isOpen('calls')) drawCalls(await ask(`/api/calls?limit=${ROWS}`, signal));
      if (Date.now() - systemAt >= SYSTEM_MS && ['components', 'sandbox', 'certificates'].some(isOpen)) {
        drawSystem(await ask('/api/system', signal));
        systemAt = Date.now();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof NoAnswer)) reportError(error);
      failure = error.message;
    }
    drawState();
    await pause(POLL_MS, signal);
  }
}

// Ages go on when nothing answers.
async function tick(signal) {
  while (!signal.aborted) {
    drawState();
    await pause(1000, signal);
  }
}

// Another process: totals and numbers of lines begin anew.
function restarted() {
  samples.length = 0;
  previous = null;
  log.last = 0;
  insert([separator('The client was started again.')]);
  follow();
}

// ---- The state of the tunnel

function drawState() {
  const age = Date.now() - answered;
  const stale = failure !== null && age > ANSWER_MS;
  document.body.classList.toggle('stale', stale);
  say($('age'), status && `Answered ${span(age / 1000)} ago`);
  // Not in the live region, which would be read every second.
  say($('stale'), stale && `No answer from the client since ${span(age / 1000)}.`, stale && status && `Everything below is of ${clock(status.generated_at)} UTC.`);
  if (!stale && !status) return;
  const hops = stale ? Object.keys(HOPS).map((name) => ({ name, status: name === 'client' ? 'degraded' : 'unknown' })) : objects(status.hops);
  const broken = hops.find((hop) => hop.status === 'degraded');
  const [kind, head, sentence, advice] = stale ? silence() : verdict(broken);
  show($('verdict'), [kind, head], () => [sign(kind), text(head)]);
  $('verdict').className = `mark ${kind}`;
  say($('sentence'), sentence);
  say($('advice'), advice);
  document.title = `${text(head, 60)} – tunnel-client`;
  show($('hops'), [head, hops, hops.map((hop) => place(hop.name))], () => hops.map((hop) => drawHop(hop, hop === broken && (stale ? 'does not answer' : status.ready ? 'fault here' : 'broken here'))));
}

function silence() {
  return failure ? ['bad', 'The client refuses to answer', failure] : ['bad', 'The client does not answer', 'It has ended, hangs, or cannot be reached from here.', 'Look whether it runs (systemctl status tunnel-client), then at the end of its log.'];
}

// Sign, headline, sentence, advice.
function verdict(broken) {
  if (status.lifecycle === 'draining') return ['warn', 'The client is stopping', 'It finishes running calls and takes no new ones.'];
  if (broken) {
    const name = text(entry(HOPS, broken.name) ?? broken.name, 40);
    const advice = `${entry(entry(ADVICE, broken.name) ?? {}, broken.reason_code) ?? ''} ${DOCTOR}`.trim();
    return status.ready
      ? ['warn', `Working, with a fault at: ${name}`, broken.text, advice]
      : ['bad', `Broken at: ${name}`, broken.text || status.ready_reason, advice];
  }
  if (status.lifecycle === 'starting') return ['unknown', 'The client is starting', status.ready_reason];
  if (!status.ready) return ['bad', 'The tunnel is not ready', status.ready_reason, DOCTOR];
  return ['ok', 'The tunnel works', status.ready_reason === 'ready' ? 'Calls get from the relay to the MCP server and back.' : status.ready_reason];
}

// `first`: what is said of the first that is broken.
function drawHop(hop, first) {
  const [kind, word] = entry(STATUS, hop.status) ?? STATUS.unknown;
  return el(`li.hop.${kind}`, entry(HOPS, hop.name) && { id: `hop-${hop.name}` },
    el('span.dot', null, sign(kind)),
    el('div', null,
      el('h3', null, entry(HOPS, hop.name) ?? hop.name),
      el(`p.word.${kind}`, null, first || word),
      el('p.quiet', null, place(hop.name)),
      // The sentence of the first is the one above.
      hop.status === 'ok' || first || !hop.text ? null : el('p', null, hop.text),
      hop.reason_code && hop.status !== 'ok' ? el('code', null, hop.reason_code) : null));
}

function place(name) {
  const { target, route_mode: mode, proxy_url: proxy } = object(status?.control_plane_route);
  if (name === 'relay') return text(target) + (mode === 'proxy' ? `, through ${text(proxy)}` : '');
  if (name === 'client') return 'this process';
  if (name !== 'mcp' || !status) return '';
  const channels = objects(status.channels);
  return text(status.mcp_server_url || (channels.length === 1 ? channels[0].transport_kind : `${channels.length} channels`));
}

// ---- Status, channels, connection

function drawStatus() {
  $('panels').hidden = $('nav').hidden = false;
  say($('identity'), status.control_plane_tunnel_id, '·', `version ${text(status.version, 40)}`, '·', `up ${span(status.uptime_seconds)}`);
  const warnings = list(status.warnings, 20);
  $('warnings').hidden = warnings.length === 0;
  show($('warnings'), warnings, () => warnings.map((warning) => el('li', null, mark(['warn', text(warning)]))));
  drawActivity(object(status.counters));
  show($('channel-list'), [status.channels, status.truncated], () => [...objects(status.channels).map(drawChannel), ...cut(status, status.channels)]);
  const facts = [
    ['Relay', status.control_plane_base_url],
    ['Way to the relay', route(status.control_plane_route)],
    ...objects(status.mcp_routes).map((each) => [`Way to ${text(each.name, 60)}`, route(each)]),
    ['Wait of a poll', status.control_plane_poll_timeout],
    ['Calls at once', status.control_plane_max_inflight],
    ['This page', status.health_listen_addr],
    ['Instance', status.client_instance_id],
    ['Log of raw HTTP', status.raw_http_logging_enabled ? 'on' : 'off'],
  ];
  show($('facts'), facts, () => terms(facts));
}

const MORE = 'There is more than what is shown.';
const cut = (answer, all) => (answer.truncated || all?.length > ROWS ? [el('li.quiet', null, MORE)] : []);

function drawChannel(channel) {
  const state = channel.enabled === false ? STATUS.disabled : entry(STATUS, channel.status);
  const both = (one, more) => (more ? `${text(one)} (${text(more)})` : one);
  return item(channel.name, mark(state), el('dl.facts', null, ...terms([
    ['Transport', both(channel.transport_kind, channel.server_kind)],
    ...objects(channel.details).map((detail) => [text(detail.key, 60), detail.value]),
    ['State', both(channel.state, channel.reason_code)],
    ['Probe', both(channel.probe_status, channel.probe_error)],
    ['In flight', count(channel.in_flight)],
  ])));
}

function route(value) {
  const { target, route_mode: mode, proxy_url: proxy, proxy_source: source } = object(value);
  return mode === 'proxy' ? `${text(target)} through ${text(proxy)} (${text(source)})` : `${text(target)}, directly`;
}

// ---- Activity

// The client has totals only: rates are differences.
const samples = [];
let previous = null;

function sample(next) {
  const { commands, failed, undelivered, poll_errors: polls, in_flight: flight } = object(next.counters);
  const now = { at: number(next.uptime_seconds), calls: number(commands), errors: number(failed) + number(undelivered) + number(polls) };
  const seconds = previous ? now.at - previous.at : 0;
  const per = (name) => Math.max(0, now[name] - previous[name]) / seconds;
  if (seconds > 0) samples.push({ calls: per('calls'), errors: per('errors'), flight: number(flight) });
  if (samples.length > SAMPLES) samples.shift();
  previous = now;
}

function drawActivity(counters) {
  show($('sparks'), samples, () => [spark('Calls a second', 'calls'), spark('Errors a second', 'errors'), spark('In flight', 'flight')]);
  const figure = (value, isFault) => (isFault && number(value) ? mark(['warn', count(value)]) : count(value));
  show($('counters'), counters, () => terms([
    ...COUNTERS.map(([name, key, isFault]) => [name, figure(counters[key], isFault)]),
    ['Queued', `${count(counters.queued)} of ${count(counters.queue_capacity)}`],
    ['Last poll', typeof counters.last_poll_age_seconds === 'number' ? `${span(counters.last_poll_age_seconds)} ago` : 'none yet'],
    ['Memory', size(counters.rss_bytes)],
    ['Processor', `${number(counters.cpu_seconds).toFixed(1)} s`],
  ]));
}

// The newest samples as a curve.
function spark(name, key) {
  const values = samples.map((each) => each[key]);
  const most = Math.max(0, ...values);
  const first = SAMPLES - values.length + 1;
  const points = values.map((value, at) => `${first + at},${(38 - (36 * value) / Math.max(1, most)).toFixed(1)}`).join(' ');
  return el(`figure.${key}`, null,
    el('figcaption', null, name),
    el('p.now', null, values.length ? rate(values.at(-1)) : '–'),
    el('p.quiet', null, values.length ? `at most ${rate(most)} in ${span((values.length * POLL_MS) / 1000)}` : 'no figures yet'),
    el('svg', { viewBox: `0 0 ${SAMPLES} 40`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      el('polygon', { points: `${first},40 ${points} ${SAMPLES},40` }), el('polyline', { points })));
}

// ---- Calls, components, sandbox, certificates

function drawCalls(answer) {
  const calls = objects(answer.calls);
  show($('call-rows'), calls, () => calls.map(drawCall));
  say($('calls-note'), calls.length ? `${calls.length} calls; the client keeps the last ${count(answer.capacity)}.` : 'No call has ended yet.', answer.truncated && MORE);
}

function drawCall(call) {
  const kind = entry({ ok: 'ok', cancelled: 'off' }, call.outcome) ?? 'bad';
  const outcome = [call.outcome, call.status, call.delivery].filter(Boolean).map((word) => text(word, 60)).join(', ');
  const cell = (...children) => el('td', null, ...children);
  const figure = (value) => el('td.number', null, value);
  const time = (value) => figure(typeof value === 'number' ? `${count(Math.round(value))} ms` : '–');
  return el('tr', null,
    cell(clock(call.time)),
    cell(el('b', null, call.method ?? 'not known'), call.tool ? el('span.under', null, call.tool) : null),
    cell(mark([kind, outcome])),
    time(call.duration_ms),
    cell(call.channel),
    ...[call.queue_ms, call.server_ms, call.delivery_ms].map(time),
    figure(size(call.bytes_in)), figure(size(call.bytes_out)),
    cell(el('code', null, call.request_id), call.caller_request_id ? el('span.under', null, `caller: ${text(call.caller_request_id)}`) : null));
}

function drawSystem(system) {
  const components = Object.entries(object(system.components)).slice(0, ROWS).map(([name, part]) => [name, object(part)]);
  show($('component-rows'), components, () => components.map(([name, part]) => el('tr', null,
    el('th', { scope: 'row' }, name),
    el('td', null, mark(entry(STATUS, part.status))),
    el('td', null, part.state),
    el('td', null, part.reason_code ? el('code', null, part.reason_code) : '–'))));

  const sandbox = object(system.sandbox);
  show($('sandbox-state'), sandbox, () => [mark(entry(LAYER, sandbox.state) ?? entry(STATUS, sandbox.status))]);
  show($('layers'), sandbox, () => objects(sandbox.layers).map((layer) => item(layer.name, mark(entry(LAYER, layer.state)), el('p.quiet', null, layer.detail))));

  const { status: health, reason_code: reason, generation, certificates } = object(system.credentials);
  show($('credentials-state'), [health, reason, generation], () => [
    mark(entry(STATUS, health)), el('span.quiet', null, ` generation ${count(generation)} `), reason ? el('code', null, reason) : '',
  ]);
  show($('certificate-list'), [certificates, system.truncated], () => [
    ...objects(certificates).map(drawCertificate),
    ...(list(certificates).length ? [] : [el('li.quiet', null, 'None of its own is configured.')]),
    ...cut(system, certificates),
  ]);
}

function drawCertificate(certificate) {
  const days = typeof certificate.days_left === 'number' ? Math.floor(certificate.days_left) : null;
  const left = days === null || certificate.state === 'expired' ? '' : `, ${count(days)} day${days === 1 ? '' : 's'} left`;
  return item(certificate.name, mark(entry(CERTIFICATE, certificate.state), left), el('dl.facts', null, ...terms([
    ['Subject', certificate.subject],
    ['Issuer', certificate.issuer],
    ['Valid', `${day(certificate.not_before)} to ${day(certificate.not_after)}`],
  ])));
}

// ---- The log

// `last`: number of the newest line taken. `waiting`: lines of a pause, of `missed` altogether.
const log = { last: 0, paused: false, waiting: [], missed: 0, stream: null };

// Reads anew, until the run ends or the panel is closed.
function follow() {
  log.stream?.abort();
  log.stream = run && isOpen('log') ? new AbortController() : null;
  if (!log.stream) return;
  read(AbortSignal.any([run.signal, log.stream.signal]));
}

async function read(signal) {
  let wait = PAUSES_MS[0];
  while (!signal.aborted) {
    try {
      drawLevel(await ask('/api/log-level', signal));
      if (!log.last) {
        const { events, truncated } = await ask(`/api/logs?limit=${LOG_ROWS}`, signal);
        if (truncated) insert([separator('Earlier lines are not shown.')]);
        take(list(events, LOG_ROWS));
      }
      const answer = await ask('/api/logs/stream', signal, { stream: true, headers: log.last ? { 'Last-Event-ID': String(log.last) } : {} });
      note();
      for await (const events of eventsOf(answer.body.getReader())) {
        wait = PAUSES_MS[0];
        take(events);
      }
    } catch (error) {
      if (!(error instanceof NoAnswer)) reportError(error);
    }
    if (signal.aborted) return;
    note(`The log is interrupted; next try in ${span(wait / 1000)}.`);
    await pause(wait, signal);
    wait = Math.min(2 * wait, PAUSES_MS[1]);
  }
}

// Events of a stream, as they came together.
async function* eventsOf(reader) {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const dead = setTimeout(() => reader.cancel(), QUIET_MS);
      const { value, done } = await reader.read().catch(silent).finally(() => clearTimeout(dead));
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop();
      if (rest.length > EVENT) throw new Error('an event without an end');
      yield blocks.map(eventOf).filter(Boolean);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line)?.slice(1) ?? ['', '']));
  if (!fields.data) return null;
  const data = object(JSON.parse(fields.data));
  return fields.event === 'lost' ? { lost: number(data.count) } : data;
}

function take(events) {
  const fresh = events.map(object).filter((event) => event.lost || number(event.seq) > log.last);
  log.last = Math.max(log.last, ...fresh.map((event) => number(event.seq)));
  if (fresh.some((event) => event.message === 'runtime log level updated')) refreshLevel();
  if (!log.paused) return insert(fresh.map(drawLine));
  log.missed += fresh.length;
  log.waiting = [...log.waiting, ...fresh].slice(-LOG_ROWS);
  note();
}

const separator = (words) => el('p.separator', null, words);

// Adds rows, drops the oldest, stays at the end if it was there.
function insert(rows) {
  const box = $('log-rows');
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  rows.forEach(sift);
  box.append(...rows.slice(-LOG_ROWS));
  while (box.childElementCount > LOG_ROWS) box.firstElementChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function drawLine(event) {
  if (event.lost) return separator(`${count(event.lost)} lines were lost: the page did not read fast enough.`);
  const level = text(event.level, 10).toUpperCase();
  // Every line has these two; the page shows them once.
  const fields = Object.entries(object(event.attrs)).filter(([key]) => key !== 'client_instance_id' && key !== 'tunnel_id').slice(0, 24);
  return el(`p.${entry(SEVERITY, level) ?? 'info'}`, null,
    el('time', null, clock(event.time)), ' ', el('b', null, level), ' ', el('span', null, text(event.message, 2 * TEXT)), ' ', el('span.fields', null, fields.map(([key, value]) => `${text(key, 60)}=${text(value, 150)}`).join(' ')));
}

function sift(row) {
  row.hidden = !row.textContent.toLowerCase().includes($('filter').value.toLowerCase());
}

function note(words) {
  say($('log-note'), words, log.paused && `Paused; ${count(log.missed)} newer lines wait.`);
}

on($('filter'), 'input', () => [...$('log-rows').children].forEach(sift));
on($('pause'), 'click', () => {
  log.paused = !log.paused;
  $('pause').setAttribute('aria-pressed', String(log.paused));
  if (log.missed > log.waiting.length) insert([separator(`${count(log.missed - log.waiting.length)} lines of the pause were not kept.`)]);
  insert(log.waiting.map(drawLine));
  log.waiting = [];
  log.missed = 0;
  note();
});

// The level is the client's, for every sink of its log.
function drawLevel(answer) {
  const levels = list(answer.supported_levels, 10).map((level) => text(level, 20));
  show($('level'), levels, () => levels.map((level) => el('option', null, level)));
  $('level').value = text(answer.level, 20);
  $('level').disabled = levels.length === 0;
}

async function refreshLevel() {
  if (run) await ask('/api/log-level', run.signal).then(drawLevel, () => {});
}

on($('level'), 'change', async () => {
  if (!run) return;
  try {
    drawLevel(await ask('/api/log-level', run.signal, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ level: $('level').value }) }));
    note();
  } catch (error) {
    note(`The level was not changed: ${error.message || 'no answer'}.`);
    refreshLevel();
  }
});

// A link would have no token.
on($('bundle'), 'click', async () => {
  note('The bundle is being packed.');
  try {
    const answer = await ask('/api/logs/export?minutes=1440', AbortSignal.timeout(BUNDLE_MS), { stream: true });
    const href = URL.createObjectURL(await answer.blob().catch(silent));
    el('a', { href, download: /[\w-]+\.tar\.gz/.exec(answer.headers.get('Content-Disposition')) }).click();
    setTimeout(() => URL.revokeObjectURL(href), POLL_MS);
    note();
  } catch (error) {
    note(`There is no bundle: ${error.message || 'no answer'}.`);
  }
});

// ---- Panels

const buttonOf = (id) => $(id).querySelector('h2 > button');
const isOpen = (id) => buttonOf(id).getAttribute('aria-expanded') === 'true';

// A closed panel is not asked for either.
function toggle(id, open) {
  buttonOf(id).setAttribute('aria-expanded', String(open));
  $(`${id}-body`).hidden = !open;
  if (open) systemAt = 0;
  if (id === 'log') follow();
}

// Each panel gets a heading that opens it, and a link to it.
for (const panel of document.querySelectorAll('#panels > section')) {
  const { id, dataset: { title } } = panel;
  const button = el('button', { type: 'button', 'aria-expanded': 'true', 'aria-controls': `${id}-body` }, title);
  const body = el('div', { id: `${id}-body` }, ...panel.childNodes);
  panel.append(el('h2', { id: `${id}-title` }, button), body);
  panel.setAttribute('aria-labelledby', `${id}-title`);
  on(button, 'click', () => toggle(id, !isOpen(id)));
  const link = el('a', { href: `#${id}` }, title);
  on(link, 'click', (event) => {
    event.preventDefault();
    if (!isOpen(id)) toggle(id, true);
    panel.scrollIntoView();
    button.focus({ preventScroll: true });
  });
  $('nav').firstElementChild.append(el('li', null, link));
}

if (!document.hidden) start();
