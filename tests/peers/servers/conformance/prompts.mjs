// The prompts that the conformance suite names. Each: its definition as listed, and `messages(arguments)`.

import { PNG } from './samples.mjs';

const user = (content) => ({ role: 'user', content });
const text = (value) => user({ type: 'text', text: value });
const required = (name) => ({ name, description: `The argument ${name}`, required: true });

export const prompts = [
  {
    name: 'test_simple_prompt',
    description: 'A prompt without arguments',
    messages: () => [text('This is a simple prompt for testing.')],
  },
  {
    name: 'test_prompt_with_arguments',
    description: 'A prompt with two arguments',
    arguments: [required('arg1'), required('arg2')],
    messages: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A prompt with a resource in it',
    arguments: [required('resourceUri')],
    messages: ({ resourceUri }) => [
      user({
        type: 'resource',
        resource: {
          uri: resourceUri,
          mimeType: 'text/plain',
          text: 'Embedded resource content for testing.',
        },
      }),
      text('Please process the embedded resource above.'),
    ],
  },
  {
    name: 'test_prompt_with_image',
    description: 'A prompt with an image in it',
    messages: () => [
      user({ type: 'image', data: PNG, mimeType: 'image/png' }),
      text('Please analyze the image above.'),
    ],
  },
];
