// Performs a plan against an MCP server with the official TypeScript SDK and writes down what it saw.
//
//   drive.mjs --plan FILE --out FILE [--era sessions|stateless|auto] [--version DATE] --url URL
//   drive.mjs --plan FILE --out FILE [--era sessions|stateless|auto] [--version DATE] -- COMMAND [ARGUMENT...]
//
// A bearer key for the URL is read from the environment variable PEERS_KEY; NODE_EXTRA_CA_CERTS names the authority.
// The plan and the transcript are described in README.md; drive.py does the same with the Python SDK.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const CALL_TIMEOUT_MS = 60_000;
const MODERN = '2026-07-28';

const { values: flags, positionals: command } = parseArgs({
  allowPositionals: true,
  options: {
    plan: { type: 'string' },
    out: { type: 'string' },
    era: { type: 'string', default: 'sessions' },
    version: { type: 'string' },
    url: { type: 'string' },
  },
});

const plan = JSON.parse(readFileSync(flags.plan, 'utf8'));
const http = { session: undefined, deleted: [] };
let asked = [];

const client = newClient();
await client.connect(newTransport());
const transcript = [opening()];
for (const step of plan.steps) transcript.push(await perform(step));
transcript.push({ label: 'session end', result: await sessionEnd() });
await client.close();
writeFileSync(flags.out, JSON.stringify(transcript));
// The SDK retries its standalone stream for a while; nothing is left to wait for.
process.exit(0);

function newClient() {
  const mode = { sessions: 'legacy', stateless: { pin: MODERN }, auto: 'auto' }[flags.era];
  const made = new Client(
    { name: 'peers-driver', version: '1.0.0' },
    {
      capabilities: { sampling: {}, elicitation: {} },
      versionNegotiation: { mode },
      ...(flags.version && { supportedProtocolVersions: [flags.version] }),
    },
  );
  made.setRequestHandler('sampling/createMessage', (request) => answer(request, plan.sampling));
  made.setRequestHandler('elicitation/create', (request) => answer(request, plan.elicitation));
  return made;
}

function answer({ method, params }, result) {
  const { _meta, ...rest } = params;
  asked.push({ method, params: rest });
  return result;
}

function newTransport() {
  if (!flags.url) return new StdioClientTransport({ command: command[0], args: command.slice(1) });
  return new StreamableHTTPClientTransport(new URL(flags.url), {
    requestInit: { headers: authorization() },
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      http.session = response.headers.get('mcp-session-id') ?? http.session;
      if (init?.method === 'DELETE') http.deleted.push(response.status);
      return response;
    },
  });
}

function authorization() {
  return process.env.PEERS_KEY ? { Authorization: `Bearer ${process.env.PEERS_KEY}` } : {};
}

function opening() {
  return {
    label: 'opening',
    result: {
      protocolVersion: client.getNegotiatedProtocolVersion(),
      serverInfo: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: client.getInstructions(),
    },
  };
}

async function perform(step) {
  const entry = { label: step.label };
  const progress = [];
  if (step.op !== 'together') asked = [];
  const options = { timeout: CALL_TIMEOUT_MS };
  if (step.progress) {
    // The SDK may drop a report that arrives together with the answer, so the last one is left to drive.py.
    options.onprogress = ({ progress: done, total, message }) => {
      if (done !== total) progress.push([done, total ?? null, message ?? null]);
    };
  }
  try {
    entry.result = await operation(step, options);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    entry.error = { code: error.code, message: error.message, data: error.data ?? null };
  }
  if (step.progress) entry.progress = progress;
  if (asked.length > 0) {
    entry.asked = asked;
    asked = [];
  }
  return entry;
}

function operation(step, options) {
  const params = step.params;
  switch (step.op) {
    case 'tools/list':
      return client.listTools(params, options);
    case 'tools/call':
      return client.callTool(params, options);
    case 'resources/list':
      return client.listResources(params, options);
    case 'resources/templates/list':
      return client.listResourceTemplates(params, options);
    case 'resources/read':
      return client.readResource(params, options);
    case 'prompts/list':
      return client.listPrompts(params, options);
    case 'prompts/get':
      return client.getPrompt(params, options);
    case 'completion/complete':
      return client.complete(params, options);
    case 'ping':
      return client.ping(options);
    case 'cancel':
      return cancel(step);
    case 'together':
      return Promise.all(step.steps.map(perform));
    default:
      throw new Error(`the plan names an unknown operation: ${step.op}`);
  }
}

/** Gives a call up at its first sign of progress, as often as the plan says. */
async function cancel({ params, times }) {
  for (let round = 0; round < times; round++) {
    const control = new AbortController();
    const options = { timeout: CALL_TIMEOUT_MS, signal: control.signal, onprogress: () => control.abort('given up') };
    const ended = await client.callTool(params, options).then(
      () => true,
      (error) => {
        if (!control.signal.aborted) throw error;
      },
    );
    if (ended) throw new Error(`${params.name} ended before it could be cancelled`);
  }
  return { cancelled: times };
}

/** What the DELETE was answered, and what the session is good for afterwards. */
async function sessionEnd() {
  if (http.session === undefined) return { session: false };
  await client.transport.terminateSession();
  const afterwards = await fetch(flags.url, {
    method: 'POST',
    headers: {
      ...authorization(),
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      'Mcp-Session-Id': http.session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'after-the-end', method: 'ping' }),
  });
  return { session: true, deleted: http.deleted, afterwards: afterwards.status };
}
