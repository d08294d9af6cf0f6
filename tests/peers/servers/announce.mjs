// How a server says where it listens.

import { renameSync, writeFileSync } from 'node:fs';

/** Writes the URL so that a reader sees either nothing or all of it. */
export function announce(file, url) {
  writeFileSync(`${file}.new`, `${url}\n`);
  renameSync(`${file}.new`, file);
}
