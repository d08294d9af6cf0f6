// Streamable HTTP for the conformance server: sessions, resumable streams, and a guard against DNS rebinding.

import { createServer as createHttpServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { EventLog } from './event-log.mjs';

const PATH = '/mcp';
/** How long a client is asked to wait before it resumes a stream. */
const RETRY_MS = 100;
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Serves `createServer()` instances, one a session, on a free port of 127.0.0.1. Returns the URL. */
export async function listen(createServer) {
  const sessions = new Map();
  const http = createHttpServer((request, response) => {
    serve(request, response, sessions, createServer).catch((error) => {
      console.error('conformance server:', error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'internal error');
    });
  });
  await new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${http.address().port}${PATH}`;
}

async function serve(request, response, sessions, createServer) {
  if (!isLocal(request.headers)) return refuse(response, 403, 'Host or Origin is not local');
  if (request.url !== PATH) return refuse(response, 404, 'no such path');

  const id = request.headers['mcp-session-id'];
  if (id !== undefined && !sessions.has(id)) return refuse(response, 404, 'no such session');
  const transport = sessions.get(id) ?? (await openSession(sessions, createServer));
  await transport.handleRequest(request, response);
}

async function openSession(sessions, createServer) {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new EventLog(),
    retryInterval: RETRY_MS,
    onsessioninitialized: (id) => sessions.set(id, transport),
    onsessionclosed: (id) => sessions.delete(id),
  });
  await createServer().connect(transport);
  return transport;
}

/** Whether both headers, where present, name this machine: a page that a rebound name points here has another. */
function isLocal({ host, origin }) {
  return isLocalUrl(`http://${host}`) && (origin === undefined || isLocalUrl(origin));
}

function isLocalUrl(url) {
  try {
    return LOCAL_NAMES.has(new URL(url).hostname);
  } catch {
    return false;
  }
}

function refuse(response, status, message) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } }));
}
