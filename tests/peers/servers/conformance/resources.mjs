// The resources that the conformance suite reads, lists and subscribes to.

import { PNG } from './samples.mjs';

const entries = [
  {
    uri: 'test://static-text',
    name: 'static-text',
    description: 'A text that never changes',
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  {
    uri: 'test://static-binary',
    name: 'static-binary',
    description: 'An image that never changes',
    mimeType: 'image/png',
    blob: PNG,
  },
  {
    uri: 'test://watched-resource',
    name: 'watched-resource',
    description: 'A resource to subscribe to',
    mimeType: 'text/plain',
    text: 'This is the content of the watched resource.',
  },
];

export const resources = entries.map(({ text, blob, ...listed }) => listed);

export const resourceTemplates = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data made from the id in its address',
    mimeType: 'application/json',
  },
];

/** The contents behind `uri`, or undefined when there is no such resource. */
export function readResource(uri) {
  const fixed = entries.find((entry) => entry.uri === uri);
  if (fixed !== undefined) {
    const { name, description, ...contents } = fixed;
    return contents;
  }
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) return undefined;
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: 'application/json', text: JSON.stringify(data) };
}
