// One MCP server instance: the features of the conformance suite wired to the SDK's `Server`.

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { tools } from './tools.mjs';
import { readResource, resources, resourceTemplates } from './resources.mjs';
import { prompts } from './prompts.mjs';

/** Bound of the subscriptions one session may hold. */
const MAX_SUBSCRIPTIONS = 64;

/** A server without a transport. `logging` makes the SDK answer `logging/setLevel` and filter by it. */
export function createServer() {
  const server = new Server(
    { name: 'tunnel-conformance-server', version: '1.0.0' },
    {
      capabilities: {
        completions: {},
        logging: {},
        prompts: {},
        resources: { subscribe: true },
        tools: {},
      },
    },
  );
  serveTools(server);
  serveResources(server);
  servePrompts(server);
  return server;
}

function serveTools(server) {
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ call, ...definition }) => definition),
  }));
  server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
    const tool = find(tools, request.params.name, 'tool');
    try {
      return await tool.call(request.params.arguments ?? {}, extra);
    } catch (error) {
      // A tool that fails is an answer of the tool, not an error of the protocol.
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    }
  });
}

function serveResources(server) {
  const subscribed = new Set();
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }));
  server.setRequestHandler(ReadResourceRequestSchema, (request) => {
    const contents = readResource(request.params.uri);
    if (contents === undefined) {
      throw new McpError(ErrorCode.InvalidParams, `unknown resource ${request.params.uri}`);
    }
    return { contents: [contents] };
  });
  server.setRequestHandler(SubscribeRequestSchema, (request) => {
    if (subscribed.size >= MAX_SUBSCRIPTIONS) {
      throw new McpError(ErrorCode.InvalidRequest, 'too many subscriptions');
    }
    subscribed.add(request.params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, (request) => {
    subscribed.delete(request.params.uri);
    return {};
  });
}

function servePrompts(server) {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: prompts.map(({ messages, ...definition }) => definition),
  }));
  server.setRequestHandler(GetPromptRequestSchema, (request) => {
    const prompt = find(prompts, request.params.name, 'prompt');
    return { messages: prompt.messages(request.params.arguments ?? {}) };
  });
  server.setRequestHandler(CompleteRequestSchema, (request) => {
    const typed = request.params.argument.value;
    const values = ['test', 'testing', 'paris'].filter((word) => word.startsWith(typed));
    return { completion: { values, total: values.length, hasMore: false } };
  });
}

function find(list, name, what) {
  const found = list.find((entry) => entry.name === name);
  if (found === undefined) throw new McpError(ErrorCode.InvalidParams, `unknown ${what} ${name}`);
  return found;
}
