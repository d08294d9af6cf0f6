// Preloaded (node --import) into a server that would listen on all addresses at a fixed port: makes it listen on a free
// port of 127.0.0.1 and writes the URL of its MCP endpoint to the file that PEERS_URL_FILE names.

import { Server } from 'node:net';
import { announce } from './announce.mjs';

const listen = Server.prototype.listen;

Server.prototype.listen = function listenOnLoopback(...given) {
  const callback = given.find((argument) => typeof argument === 'function');
  this.once('listening', () => announce(process.env.PEERS_URL_FILE, `http://127.0.0.1:${this.address().port}/mcp`));
  return listen.call(this, { host: '127.0.0.1', port: 0 }, callback);
};
