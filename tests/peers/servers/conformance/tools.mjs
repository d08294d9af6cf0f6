// The tools that the conformance suite names. Each: its definition as listed, and `call(arguments, extra)`.

import { setTimeout as pause } from 'node:timers/promises';
import { CreateMessageResultSchema, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { enumFields, fieldsWithDefaults } from './forms.mjs';
import { PNG, WAV } from './samples.mjs';

const NO_ARGUMENTS = { type: 'object', properties: {} };
/** The suite asks for short waits between notifications, so that a stream is seen to be one. */
const STEP_MS = 50;

const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };

export const tools = [
  plain('test_simple_text', 'Answers with a text', [text('This is a simple text response for testing.')]),
  plain('test_image_content', 'Answers with an image', [image]),
  plain('test_audio_content', 'Answers with a sound', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]),
  plain('test_embedded_resource', 'Answers with a resource', [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ]),
  plain('test_multiple_content_types', 'Answers with a text, an image and a resource', [
    text('Multiple content types test:'),
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: JSON.stringify({ test: 'data', value: 123 }),
      },
    },
  ]),
  {
    name: 'test_tool_with_logging',
    description: 'Sends three log messages while it runs',
    inputSchema: NO_ARGUMENTS,
    async call(_arguments, { sendNotification }) {
      const log = (data) => sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
      await log('Tool execution started');
      await pause(STEP_MS);
      await log('Tool processing data');
      await pause(STEP_MS);
      await log('Tool execution completed');
      return { content: [text('Logged three messages')] };
    },
  },
  {
    name: 'test_tool_with_progress',
    description: 'Reports its progress three times',
    inputSchema: NO_ARGUMENTS,
    async call(_arguments, { _meta, sendNotification }) {
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await pause(STEP_MS);
        if (_meta?.progressToken !== undefined) {
          await sendNotification({
            method: 'notifications/progress',
            params: { progressToken: _meta.progressToken, progress, total: 100 },
          });
        }
      }
      return { content: [text('Reported progress three times')] };
    },
  },
  {
    name: 'test_error_handling',
    description: 'Always fails',
    inputSchema: NO_ARGUMENTS,
    call() {
      throw new Error('This tool intentionally returns an error for testing');
    },
  },
  {
    name: 'test_sampling',
    description: 'Asks the client to sample its model',
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    async call({ prompt }, { sendRequest }) {
      const params = { messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 };
      const answer = await sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema);
      return { content: [text(`LLM response: ${answer.content.text}`)] };
    },
  },
  {
    name: 'test_elicitation',
    description: 'Asks the user for a name and an address',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    async call({ message }, { sendRequest }) {
      const properties = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      };
      const answer = await elicit(sendRequest, message, properties, ['username', 'email']);
      return { content: [text(`User response: ${described(answer)}`)] };
    },
  },
  form('test_elicitation_sep1034_defaults', 'Asks with default values', fieldsWithDefaults),
  form('test_elicitation_sep1330_enums', 'Asks with all kinds of enumerations', enumFields),
  {
    name: 'test_reconnection',
    description: 'Closes the stream of the call before it answers, so that the client has to resume',
    inputSchema: NO_ARGUMENTS,
    async call(_arguments, { closeSSEStream }) {
      closeSSEStream?.(); // absent over stdio and for clients that cannot resume
      await pause(2 * STEP_MS);
      return { content: [text('Answered after the stream was closed')] };
    },
  },
  {
    name: 'json_schema_2020_12_tool',
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
      },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    call: (given) => ({ content: [text(JSON.stringify(given))] }),
  },
];

function plain(name, description, content) {
  return { name, description, inputSchema: NO_ARGUMENTS, call: () => ({ content }) };
}

function form(name, description, properties) {
  return {
    name,
    description,
    inputSchema: NO_ARGUMENTS,
    async call(_arguments, { sendRequest }) {
      const answer = await elicit(sendRequest, description, properties, []);
      return { content: [text(`Elicitation completed: ${described(answer)}`)] };
    },
  };
}

function elicit(sendRequest, message, properties, required) {
  const params = { message, requestedSchema: { type: 'object', properties, required } };
  return sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
}

function described({ action, content }) {
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}
