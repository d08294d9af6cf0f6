// The status page of tunnel-client. It asks the client that served it, and nobody else.
//
// Everything that the client says is text from elsewhere: names that callers chose, answers of servers. It becomes text
// nodes, cut and without invisible characters (`text`), or picks a word of a table here. No markup is ever made of it.

const POLL_MS = 2000; // between two looks at /api/status
const SYSTEM_MS = 10000; // between two looks at /api/system, which changes seldom
const ANSWER_MS = 5000; // a local process that takes longer does not answer
const STALE_MS = 5000; // what is older is called old
const PAUSE_MS = [1000, 30000]; // before the log is asked for again: the first pause, and the longest
const QUIET_MS = 45000; // three missed pings: the stream is dead
const SAMPLES = 120;
const LOG_ROWS = 500;
const ROWS = 100; // of any other list
const TEXT = 300; // characters of one text
const STREAM_TEXT = 1 << 18; // characters of one event of the log

const $ = (id) => document.getElementById(id);

// Status of a part: class, which is also its mark, and word. The word and the mark say it without the colour.
const STATUS = { ok: ['ok', 'works'], degraded: ['bad', 'faulty'], unknown: ['unknown', 'not known yet'], disabled: ['off', 'not in use'] };
const LAYER = { enforced: ['ok', 'enforced'], partial: ['warn', 'partly enforced'], missing: ['bad', 'missing'], off: ['bad', 'off'] };
const CERTIFICATE = { valid: ['ok', 'valid'], ends_soon: ['warn', 'ends soon'], expired: ['bad', 'expired'], not_yet_valid: ['bad', 'not yet valid'] };
const NOT_KNOWN = ['unknown', 'not known'];
const MARKS = { ok: 'M3 8.5 6.5 12 13 4.5', bad: 'M4 4l8 8M12 4l-8 8', warn: 'M8 2.5v7M8 12.5v1', unknown: 'M3 8h1.5M7.25 8h1.5M11.5 8H13', off: 'M3.5 8h9' };
const HOPS = { callers: 'Callers', relay: 'Relay', client: 'Client', mcp: 'MCP server' };

// What to do, by hop and reason code. docs/health.md has the whole table.
const DOCTOR = 'tunnel-client doctor goes the way hop by hop and names what fails.';
const ADVICE = {
  relay: {
    http_error: 'Check the key, control_plane.tunnel_id and control_plane.base_url; a status of 429 or 5xx is for the operator of the relay.',
    timeout: 'Look for a proxy that holds answers back.',
    network_error: 'Check that the relay runs, then name, proxy and TLS on the way there.',
  },
  client: {
    operation_failed: 'The last call got no usable answer: look for “MCP command failed” in the log.',
    operation_timed_out: 'The last call was not answered in time: look at the MCP server.',
    expired: 'Replace the certificate or key; it is read without a restart.',
    reload_rejected: 'The files of keys or certificates were refused and the ones before are in use: the log says why.',
  },
  mcp: {
    probe_failed: 'Start the MCP server; check mcp.server_urls.',
    last_calls_failed: 'Start the MCP server of the channel; check its address.',
    stdio_restarted: 'The server ended several times: its lines in the log say why.',
    stdio_connection_closed: 'The server ended and is started again: its lines in the log say why.',
  },
};

const list = (value, most = ROWS) => (Array.isArray(value) ? value.slice(0, most) : []);
const object = (value) => (value !== null && typeof value === 'object' ? value : {});
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const known = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

// Text to show: bounded, and without characters that are not seen or that turn the direction of others.
function text(value, most = TEXT) {
  const all = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const cut = all.length > most ? `${all.slice(0, most)}… (${all.length} characters)` : all;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}

// An element: `kind` is a tag with classes (`p.quiet`), attributes come from this file, everything else becomes text.
function el(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split('.');
  const drawn = tag === 'svg' || tag === 'path' || tag === 'polyline' || tag === 'polygon';
  const made = drawn ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  if (classes.length) made.setAttribute('class', classes.join(' '));
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : text(child))));
  return made;
}

const icon = (kind) => el('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, el('path', { d: MARKS[kind] }));
const mark = ([kind, word], more = '') => el(`span.mark.${kind}`, null, icon(kind), word + more);

// Replaces what an element holds, if `data` is not what it was made of: selection, focus and scrolling stay otherwise.
const made = new WeakMap();
function show(element, data, make) {
  const now = JSON.stringify(data);
  if (made.get(element) === now) return;
  made.set(element, now);
  element.replaceChildren(...[make(data)].flat());
}
function say(element, ...words) {
  const now = words.map((word) => text(word, 2 * TEXT)).filter(Boolean).join(' ');
  if (element.textContent !== now) element.textContent = now;
  element.hidden = now === '';
}

// ---- Figures

const clock = (time) => (/T(\d\d:\d\d:\d\d)/.exec(time) ?? [])[1] ?? '';
const day = (time) => (/^\d{4}-\d\d-\d\d/.exec(time) ?? [])[0] ?? 'not known';
const rate = (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(1));
const count = (value) => number(value).toLocaleString('en');
function size(bytes) {
  const value = number(bytes);
  if (value < 1000) return `${value} B`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
function span(seconds) {
  const all = Math.max(0, Math.floor(number(seconds)));
  if (all < 120) return `${all} s`;
  if (all < 7200) return `${Math.floor(all / 60)} min`;
  return all < 172800 ? `${Math.floor(all / 3600)} h` : `${Math.floor(all / 86400)} days`;
}

// ---- Asking the client

let token = ''; // here and nowhere else: no storage, no address, no form value
let run = null; // ends everything that asks the client

class Refused extends Error {}

async function ask(path, signal, options = {}) {
  const answer = await fetch(path, {
    cache: 'no-store', credentials: 'omit', redirect: 'error', ...options,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...options.headers },
    signal: options.stream ? signal : AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  if (answer.ok) return options.stream ? answer : object(await answer.json());
  if (answer.status === 401 && !signal.aborted) askForToken();
  throw new Refused(`${answer.status} ${text(await answer.text()).trim()}`);
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function start() {
  stop();
  run = new AbortController();
  poll(run.signal);
  tick(run.signal);
  follow();
}

function stop() {
  run?.abort();
  run = null;
}

function askForToken() {
  stop();
  say($('token-error'), token && 'The client does not accept this token.');
  token = '';
  for (const id of ['tunnel', 'panels', 'nav']) $(id).hidden = true;
  $('token-form').hidden = false;
  $('token').focus();
}

$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  $('token').value = '';
  // A header takes no other characters; no token has them either.
  if (!/^[\x21-\x7e]+$/.test(token)) return askForToken();
  $('token-form').hidden = true;
  $('tunnel').hidden = false;
  $('main').focus();
  start();
});

// ---- The loop

let status = null; // the newest answer
let answered = Date.now(); // when it came
let refusal = ''; // why the newest question got none, if the client said so
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
      refusal = '';
      drawStatus();
      if (isOpen('calls')) drawCalls(await ask(`/api/calls?limit=${ROWS}`, signal));
      if (Date.now() - systemAt >= SYSTEM_MS && (isOpen('components') || isOpen('sandbox') || isOpen('certificates'))) {
        drawSystem(await ask('/api/system', signal));
        systemAt = Date.now();
      }
    } catch (error) {
      if (signal.aborted) return;
      refusal = error instanceof Refused ? error.message : '';
    }
    drawState();
    await pause(POLL_MS, signal);
  }
}

// Another process answers: its figures begin anew, and so do the numbers of its lines.
function restarted() {
  samples.length = 0;
  previous = null;
  log.last = 0;
  separate('The client was started again.');
  follow();
}

// Ages go on when nothing answers.
async function tick(signal) {
  while (!signal.aborted) {
    drawState();
    await pause(1000, signal);
  }
}

document.addEventListener('visibilitychange', () => {
  if (!$('token-form').hidden) return;
  previous = null; // the difference over an absence is no rate
  if (document.hidden) stop();
  else start();
});

// ---- The state of the tunnel

function drawState() {
  const old = Date.now() - answered;
  const stale = old > STALE_MS;
  document.body.classList.toggle('stale', stale);
  say($('age'), status && `Answered ${span(old / 1000)} ago`);
  // Not in the live region: it would be read every second.
  say($('stale'), stale && `No answer from the client since ${span(old / 1000)}.`, stale && status && `Everything below is of ${clock(status.generated_at)} UTC.`);
  if (!stale && !status) return;
  const hops = stale ? unknownHops() : list(status.hops, 8).map(object);
  const broken = hops.find((hop) => hop.status === 'degraded');
  const [kind, head, sentence, advice] = stale ? silent() : verdict(broken);
  show($('verdict'), [kind, head], () => [icon(kind), text(head)]);
  $('verdict').className = `mark ${kind}`;
  say($('sentence'), sentence);
  say($('advice'), advice);
  document.title = `${text(head, 60)} – tunnel-client`;
  show($('hops'), [hops, status?.control_plane_route, status?.mcp_server_url, status?.channels, stale], () => hops.map((hop) => drawHop(hop, hop === broken)));
}

const unknownHops = () => Object.keys(HOPS).map((name) => ({ name, status: name === 'client' ? 'degraded' : 'unknown', text: name === 'client' ? 'It does not answer.' : '' }));

function silent() {
  if (refusal) return ['bad', 'The client refuses to answer', refusal, 'admin_ui in docs/configuration.md says who may see this page.'];
  return ['bad', 'The client does not answer', 'It has ended, hangs, or this page cannot reach it any more.', 'Look whether it runs: systemctl status tunnel-client, then the end of its log.'];
}

function verdict(broken) {
  const name = broken && text(known(HOPS, broken.name) ?? broken.name, 40);
  const advice = broken && `${known(known(ADVICE, broken.name) ?? {}, broken.reason_code) ?? ''} ${DOCTOR}`.trim();
  if (status.lifecycle === 'draining') return ['warn', 'The client is stopping', 'It finishes running calls and takes no new ones.', ''];
  if (broken && !status.ready) return ['bad', `Broken at: ${name}`, broken.text || status.ready_reason, advice];
  if (broken) return ['warn', `Working, with a fault at: ${name}`, broken.text, advice];
  if (status.lifecycle === 'starting') return ['unknown', 'The client is starting', status.ready_reason, ''];
  if (!status.ready) return ['bad', 'The tunnel is not ready', status.ready_reason, DOCTOR];
  return ['ok', 'The tunnel works', status.ready_reason === 'ready' ? 'Calls get from the relay to the MCP server and back.' : status.ready_reason, ''];
}

function drawHop(hop, first) {
  const [kind, word] = known(STATUS, hop.status) ?? NOT_KNOWN;
  return el(`li.hop.${kind}${first ? '.first' : ''}`, null,
    el('span.dot', null, icon(kind)),
    el('div', null,
      el('h3', null, known(HOPS, hop.name) ?? hop.name),
      el(`p.word.${kind}`, null, first ? 'broken here' : word),
      el('p.quiet', null, place(hop.name)),
      hop.status === 'ok' || !hop.text ? null : el('p', null, hop.text),
      hop.reason_code ? el('code', null, hop.reason_code) : null));
}

// Where a hop is.
function place(name) {
  const route = object(status?.control_plane_route);
  if (name === 'callers') return 'at the relay';
  if (name === 'relay') return `${text(route.target)}${route.route_mode === 'proxy' ? `, through ${text(route.proxy_url)}` : ''}`;
  if (name === 'client') return 'this process';
  if (name !== 'mcp' || !status) return '';
  if (status.mcp_server_url) return status.mcp_server_url;
  const channels = list(status.channels);
  return channels.length === 1 ? text(object(channels[0]).transport_kind) : `${channels.length} channels`;
}

// ---- Status, activity, channels, connection

function drawStatus() {
  $('panels').hidden = $('nav').hidden = false;
  say($('identity'), status.control_plane_tunnel_id, '·', `version ${text(status.version, 40)}`, '·', `up ${span(status.uptime_seconds)}`);
  const warnings = list(status.warnings, 20);
  $('warnings').hidden = warnings.length === 0;
  show($('warnings'), warnings, () => warnings.map((warning) => el('li', null, mark(['warn', warning]))));
  drawActivity(object(status.counters));
  show($('channel-list'), [status.channels, status.truncated], () => [
    ...list(status.channels).map(object).map(drawChannel),
    ...cut(status, 'li'),
  ]);
  show($('facts'), [status.control_plane_route, status.mcp_routes, status.mcp_resource_metadata_urls, status.client_instance_id, status.raw_http_logging_enabled], drawFacts);
}

// Lists that the client or this page has cut say so.
const cut = (answer, kind, length = 0) => (answer.truncated || length > ROWS ? [el(`${kind}.quiet`, null, 'The list is longer than what is shown.')] : []);

function drawChannel(channel) {
  const state = channel.enabled === false ? STATUS.disabled : known(STATUS, channel.status) ?? NOT_KNOWN;
  return el('li', null,
    el('div.head', null, el('h3', null, channel.name), mark(state)),
    pairs('facts', [
      ['Transport', [channel.transport_kind, channel.server_kind].filter(Boolean).map((word) => text(word, 40)).join(', ')],
      ...list(channel.details, 16).map(object).map((detail) => [text(detail.key, 60), detail.value]),
      ['State', channel.reason_code ? `${text(channel.state)} (${text(channel.reason_code)})` : channel.state],
      ['Probe', channel.probe_error ? `${text(channel.probe_status)}: ${text(channel.probe_error)}` : channel.probe_status],
      ['In flight', count(channel.in_flight)],
    ]));
}

const pairs = (kind, rows) => el(`dl.${kind}`, null, ...terms(rows));
const terms = (rows) => rows.filter(([, value]) => value !== '' && value !== null && value !== undefined).map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value)));

function route(value) {
  const { target, route_mode: mode, proxy_url: proxy, proxy_source: source } = object(value);
  return mode === 'proxy' ? `${text(target)} through ${text(proxy)} (${text(source)})` : `${text(target)}, directly`;
}

function drawFacts() {
  return terms([
    ['Relay', status.control_plane_base_url],
    ['Way to the relay', route(status.control_plane_route)],
    ...list(status.mcp_routes, 20).map((each) => [`Way to ${text(object(each).name, 60)}`, route(each)]),
    ...list(status.mcp_resource_metadata_urls, 20).map((url) => ['Resource metadata', url]),
    ['Wait of a poll', status.control_plane_poll_timeout],
    ['Given up after', status.control_plane_poll_deadline_guardrail],
    ['Calls at once', status.control_plane_max_inflight],
    ['Listener of this page', status.health_listen_addr],
    ['Started', `${day(status.started_at)} ${clock(status.started_at)} UTC`],
    ['Instance', status.client_instance_id],
    ['Log of raw HTTP', status.raw_http_logging_enabled ? 'on' : 'off'],
  ]);
}

// The client keeps totals only: rates are differences of two answers.
const samples = [];
let previous = null;
const failures = (counters) => number(counters.failed) + number(counters.undelivered) + number(counters.poll_errors);

function sample(next) {
  const counters = object(next.counters);
  const now = { at: number(next.uptime_seconds), calls: number(counters.commands), errors: failures(counters) };
  const seconds = previous ? now.at - previous.at : 0;
  if (seconds > 0) {
    const per = (name) => Math.max(0, now[name] - previous[name]) / seconds;
    samples.push({ calls: per('calls'), errors: per('errors'), flight: number(counters.in_flight) });
    if (samples.length > SAMPLES) samples.shift();
  }
  previous = now;
}

function drawActivity(counters) {
  show($('sparks'), samples, () => [spark('Calls a second', 'calls'), spark('Errors a second', 'errors'), spark('In flight', 'flight')]);
  const lost = (value) => (number(value) ? mark(['warn', count(value)]) : '0');
  show($('counters'), counters, () => terms([
    ['Calls', count(counters.commands)],
    ['Answered', count(counters.answered)],
    ['Failed', lost(counters.failed)],
    ['Refused', count(counters.refused)],
    ['Undelivered', lost(counters.undelivered)],
    ['In flight', count(counters.in_flight)],
    ['Queued', `${count(counters.queued)} of ${count(counters.queue_capacity)}`],
    ['Polls', count(counters.polls)],
    ['Failed polls', lost(counters.poll_errors)],
    ['Last poll', counters.last_poll_age_seconds === null ? 'none yet' : `${span(counters.last_poll_age_seconds)} ago`],
    ['Secrets removed', count(counters.redactions)],
    ['Log lines lost', lost(counters.log_lines_lost)],
    ['Audit records lost', lost(counters.audit_records_dropped)],
    ['Memory', size(counters.rss_bytes)],
    ['Processor', `${number(counters.cpu_seconds).toFixed(1)} s`],
  ]));
}

// A curve of the newest samples, right-aligned: time goes to the right, and an edge is now.
function spark(name, key) {
  const values = samples.map((each) => each[key]);
  const top = Math.max(1, ...values);
  const points = values.map((value, at) => `${SAMPLES - values.length + at + 1},${(38 - (36 * value) / top).toFixed(1)}`);
  const minutes = Math.max(1, Math.round((values.length * POLL_MS) / 60000));
  const area = points.length > 1 ? [`${SAMPLES - values.length + 1},40`, ...points, `${SAMPLES},40`] : [];
  return el(`figure.${key}`, null,
    el('figcaption', null, name),
    el('p.now', null, values.length ? rate(values.at(-1)) : '–'),
    el('svg', { viewBox: '0 0 120 40', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, el('polygon', { points: area.join(' ') }), el('polyline', { points: points.join(' ') })),
    el('p.quiet', null, values.length ? `at most ${rate(Math.max(...values))} in ${minutes} min` : 'no samples yet'));
}

// ---- Calls

function drawCalls(answer) {
  const calls = list(answer.calls).map(object);
  show($('call-rows'), calls, () => calls.map(drawCall));
  const more = answer.truncated ? 'The list is longer than what is shown.' : '';
  say($('calls-note'), calls.length ? `${calls.length} calls; the client remembers the last ${count(answer.capacity)}.` : 'No call has ended yet.', more);
}

function drawCall(call) {
  const kind = call.outcome === 'ok' ? 'ok' : call.outcome === 'cancelled' ? 'off' : 'bad';
  const milliseconds = (value) => el('td.number', null, typeof value === 'number' ? `${count(Math.round(value))} ms` : '–');
  const outcome = [call.outcome, call.status, call.delivery].filter(Boolean).map((word) => text(word, 60)).join(', ');
  return el('tr', null,
    el('td', null, clock(call.time)),
    el('td', null, el('b', null, call.method ?? 'not known'), call.tool ? el('span.tool', null, call.tool) : null),
    el('td', null, call.channel),
    el('td', null, mark([kind, outcome])),
    ...[call.queue_ms, call.server_ms, call.delivery_ms, call.duration_ms].map(milliseconds),
    el('td.number', null, size(call.bytes_in)), el('td.number', null, size(call.bytes_out)),
    el('td', null, el('code', null, call.request_id), call.caller_request_id ? el('span.tool', null, `caller: ${text(call.caller_request_id)}`) : null));
}

// ---- Components, sandbox, certificates

function drawSystem(system) {
  const components = Object.entries(object(system.components));
  show($('component-rows'), [components, system.truncated], () => components.slice(0, ROWS).map(([name, part]) => [name, object(part)]).map(([name, part]) => el('tr', null,
    el('th', { scope: 'row' }, name),
    el('td', null, mark(known(STATUS, part.status) ?? NOT_KNOWN)),
    el('td', null, part.state),
    el('td', null, part.reason_code ? el('code', null, part.reason_code) : '–'))));

  const sandbox = object(system.sandbox);
  show($('sandbox-state'), sandbox, () => mark(known(LAYER, sandbox.state) ?? known(STATUS, sandbox.status) ?? NOT_KNOWN));
  show($('layers'), [sandbox, system.truncated], () => [
    ...list(sandbox.layers).map(object).map((layer) => el('li', null,
      el('div.head', null, el('h3', null, layer.name), mark(known(LAYER, layer.state) ?? NOT_KNOWN)),
      layer.detail ? el('p.quiet', null, layer.detail) : null)),
    ...cut(system, 'li'),
  ]);

  const credentials = object(system.credentials);
  const state = known(STATUS, credentials.status) ?? NOT_KNOWN;
  show($('credentials-state'), credentials, () => [
    mark(state, credentials.reason_code ? `: ${text(credentials.reason_code)}` : ''),
    el('span.quiet', null, ` generation ${count(credentials.generation)}`),
  ]);
  const certificates = list(credentials.certificates).map(object);
  show($('certificate-list'), [certificates, system.truncated], () => [
    ...certificates.map(drawCertificate),
    ...(certificates.length ? [] : [el('li.quiet', null, 'No certificate of its own is configured.')]),
    ...cut(system, 'li'),
  ]);
}

function drawCertificate(certificate) {
  const days = typeof certificate.days_left === 'number' ? Math.floor(certificate.days_left) : null;
  const left = days === null ? '' : days < 0 ? `, ${count(-days)} days ago` : `, ${count(days)} days left`;
  return el('li', null,
    el('div.head', null, el('h3', null, certificate.name), mark(known(CERTIFICATE, certificate.state) ?? NOT_KNOWN, left)),
    pairs('facts', [
      ['Subject', certificate.subject],
      ['Issuer', certificate.issuer],
      ['Valid', `${day(certificate.not_before)} to ${day(certificate.not_after)}`],
    ]));
}

// ---- The log

const log = { last: 0, paused: false, waiting: [], missed: 0, stream: null, levels: '' };
const SEVERITY = { ERROR: 'bad', WARN: 'warn', INFO: 'plain', DEBUG: 'quiet', TRACE: 'quiet' };

// Begins to read, or begins anew. It ends with the page's run, and with a panel that is closed.
function follow() {
  log.stream?.abort();
  if (!run || !isOpen('log')) return;
  log.stream = new AbortController();
  read(AbortSignal.any([run.signal, log.stream.signal]));
}

async function read(signal) {
  let wait = PAUSE_MS[0];
  while (!signal.aborted) {
    try {
      drawLevel(await ask('/api/log-level', signal));
      if (!log.last) {
        const { events, truncated } = await ask(`/api/logs?limit=${LOG_ROWS}`, signal);
        if (truncated) separate('Earlier lines are not shown.');
        append(list(events, LOG_ROWS));
      }
      const answer = await ask('/api/logs/stream', signal, { stream: true, headers: log.last ? { 'Last-Event-ID': String(log.last) } : {} });
      note('');
      for await (const batch of eventsOf(answer.body.getReader())) {
        wait = PAUSE_MS[0];
        append(batch);
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    note(`The log is interrupted; next try in ${span(wait / 1000)}.`);
    await pause(wait, signal);
    wait = Math.min(2 * wait, PAUSE_MS[1]);
  }
}

// Events of a stream (text/event-stream with line feeds), as many at a time as came together.
async function* eventsOf(reader) {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const dead = setTimeout(() => reader.cancel(), QUIET_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(dead));
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop();
      if (rest.length > STREAM_TEXT) throw new Error('an event without an end');
      yield blocks.map(eventOf).filter(Boolean);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  if (!fields.data) return null;
  const data = object(JSON.parse(fields.data));
  return fields.event === 'lost' ? { lost: number(data.count) } : data;
}

function append(events) {
  const fresh = events.map(object).filter((event) => event.lost || number(event.seq) > log.last);
  for (const event of fresh) log.last = Math.max(log.last, number(event.seq));
  if (fresh.some((event) => event.message === 'runtime log level updated')) refreshLevel();
  if (log.paused) {
    log.waiting.push(...fresh);
    log.missed += fresh.length;
    log.waiting.splice(0, log.waiting.length - LOG_ROWS);
    return note('');
  }
  insert(fresh.map((event) => (event.lost ? separator(`${count(event.lost)} lines were lost: the page did not read fast enough.`) : drawLine(event))));
}

const separator = (words) => el('li.separator', null, words);
const separate = (words) => insert([separator(words)]);

// Adds rows, drops the oldest, and stays at the end if the reader was there.
function insert(rows) {
  const box = $('log-rows');
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.append(...rows.slice(-LOG_ROWS));
  while (box.childElementCount > LOG_ROWS) box.firstElementChild.remove();
  rows.forEach(sift);
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function drawLine(event) {
  const level = text(event.level, 10).toUpperCase();
  // Every line has these two: the head of the page shows them once.
  const { client_instance_id: _, tunnel_id: __, ...attributes } = object(event.attrs);
  const pairsOf = Object.entries(attributes).slice(0, 24).map(([key, value]) => `${text(key, 60)}=${text(value)}`);
  return el(`li.${known(SEVERITY, level) ?? 'plain'}`, null,
    el('time', null, clock(event.time)), ' ', el('b', null, level), ' ', el('span', null, text(event.message, 2 * TEXT)), ' ', el('span.attributes', null, text(pairsOf.join(' '), 4 * TEXT)));
}

const sift = (row) => { row.hidden = !row.textContent.toLowerCase().includes($('filter').value.toLowerCase()); };

function note(words) {
  say($('log-note'), words, log.paused ? `Paused; ${count(log.missed)} newer lines wait.` : '');
}

$('filter').addEventListener('input', () => [...$('log-rows').children].forEach(sift));
$('clear').addEventListener('click', () => $('log-rows').replaceChildren());
$('pause').addEventListener('click', () => {
  log.paused = !log.paused;
  $('pause').setAttribute('aria-pressed', String(log.paused));
  if (!log.paused) {
    if (log.missed > log.waiting.length) separate(`${count(log.missed - log.waiting.length)} lines came during the pause and are not kept.`);
    const waiting = log.waiting.splice(0);
    log.missed = 0;
    insert(waiting.map((event) => (event.lost ? separator(`${count(event.lost)} lines were lost.`) : drawLine(event))));
  }
  note('');
});

// The level is the client's own, for every sink of its log.
function drawLevel(answer) {
  const levels = list(answer.supported_levels, 10).map((level) => text(level, 20));
  show($('level'), levels, () => levels.map((level) => el('option', { value: level }, level)));
  $('level').value = text(answer.level, 20);
  $('level').disabled = levels.length === 0;
}

async function refreshLevel() {
  if (run) await ask('/api/log-level', run.signal).then(drawLevel, () => {});
}

$('level').addEventListener('change', async () => {
  if (!run) return;
  try {
    drawLevel(await ask('/api/log-level', run.signal, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ level: $('level').value }) }));
    note('');
  } catch (error) {
    note(`The level was not changed${error instanceof Refused ? `: ${error.message}` : ': no answer'}.`);
    refreshLevel();
  }
});

// ---- Panels

const buttonOf = (id) => document.querySelector(`#${id} > h2 > button`);
const isOpen = (id) => buttonOf(id).getAttribute('aria-expanded') === 'true';

// A closed panel is not asked for either.
function toggle(id, open) {
  buttonOf(id).setAttribute('aria-expanded', String(open));
  $(`${id}-body`).hidden = !open;
  if (open) systemAt = 0;
  if (id === 'log') follow();
}

for (const { id } of document.querySelectorAll('#panels > section')) {
  const button = buttonOf(id);
  button.addEventListener('click', () => toggle(id, !isOpen(id)));
  const link = el('a', { href: `#${id}` }, button.textContent);
  link.addEventListener('click', (event) => {
    event.preventDefault();
    if (!isOpen(id)) toggle(id, true);
    button.focus();
    $(id).scrollIntoView();
  });
  $('nav').firstElementChild.append(el('li', null, link));
}

if (!document.hidden) start();
