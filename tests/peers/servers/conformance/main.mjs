// The server that the official conformance suite is run against.
//
//   main.mjs --stdio
//   main.mjs --http [--url-file FILE]      listens on 127.0.0.1 with a port of the kernel's choice
//
// Written with the official TypeScript SDK (its low-level `Server`, so that schemas reach the wire as written here).

import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { announce } from '../announce.mjs';
import { createServer } from './server.mjs';
import { listen } from './http.mjs';

const { values: flags } = parseArgs({
  options: {
    stdio: { type: 'boolean', default: false },
    http: { type: 'boolean', default: false },
    'url-file': { type: 'string' },
  },
});

if (flags.stdio === flags.http) {
  console.error('conformance server: give exactly one of --stdio and --http');
  process.exit(2);
}

if (flags.stdio) {
  await createServer().connect(new StdioServerTransport());
} else {
  const url = await listen(createServer);
  if (flags['url-file']) announce(flags['url-file'], url);
  console.error(`conformance server: listening on ${url}`);
}
