// Each vendor's Node SDK talks to the gateway as to its own vendor: a turn that calls two tools, then one that answers.
// Prints one line of JSON for each flow: what the client understood. Arguments: address, secret, model, flow.
const [address, secret, model, flow] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const sunny = (city) => `sunny in ${city}`;

const flows = {
  async openaiChat() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: secret, maxRetries: 0 });
    const messages = [{ role: 'user', content: 'Weather?' }];
    const tools = [{ type: 'function', function: { name: 'weather', description: 'w', parameters } }];
    const first = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
    const message = first.choices[0].message;
    messages.push(message, ...message.tool_calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: sunny(JSON.parse(c.function.arguments).city) })));
    const second = await client.chat.completions.create({ model, messages, tools });
    say({ text: message.content, calls: message.tool_calls.map((c) => JSON.parse(c.function.arguments).city), finish: first.choices[0].finish_reason, end: second.choices[0].message.content });
  },
  async openaiResponses() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: secret, maxRetries: 0 });
    const tools = [{ type: 'function', name: 'weather', description: 'w', parameters, strict: true }];
    const first = await client.responses.stream({ model, input: 'Weather?', tools }).finalResponse();
    const calls = first.output.filter((o) => o.type === 'function_call');
    const second = await client.responses.create({
      model, tools, previous_response_id: first.id,
      input: calls.map((c) => ({ type: 'function_call_output', call_id: c.call_id, output: sunny(JSON.parse(c.arguments).city) })),
    });
    say({ text: first.output_text, calls: calls.map((c) => JSON.parse(c.arguments).city), finish: first.status === 'completed' ? 'tool_calls' : first.status, end: second.output_text });
  },
  async anthropic() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    const client = new Anthropic({ baseURL: address, apiKey: secret, maxRetries: 0 });
    const messages = [{ role: 'user', content: 'Weather?' }];
    const tools = [{ name: 'weather', description: 'w', input_schema: parameters }];
    const first = await client.messages.stream({ model, max_tokens: 100, messages, tools }).finalMessage();
    const calls = first.content.filter((c) => c.type === 'tool_use');
    messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: sunny(c.input.city) })) });
    const second = await client.messages.create({ model, max_tokens: 100, messages, tools });
    say({ text: first.content.find((c) => c.type === 'text').text, calls: calls.map((c) => c.input.city), finish: first.stop_reason === 'tool_use' ? 'tool_calls' : first.stop_reason, end: second.content[0].text });
  },
  async aiOpenai() {
    const { createOpenAI } = await import('@ai-sdk/openai');
    await ai(createOpenAI({ baseURL: `${address}/v1`, apiKey: secret })(model));
  },
  async aiAnthropic() {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    await ai(createAnthropic({ baseURL: `${address}/v1`, apiKey: secret })(model));
  },
  async aiCompatible() {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
    await ai(createOpenAICompatible({ name: 'cairn', baseURL: `${address}/v1`, apiKey: secret })(model));
  },
  async agents() {
    const { Agent, run, tool, OpenAIProvider, Runner, setTracingDisabled } = await import('@openai/agents');
    const { z } = await import('zod');
    setTracingDisabled(true);
    const asked = [];
    const weather = tool({ name: 'weather', description: 'w', parameters: z.object({ city: z.string() }), execute: async ({ city }) => { asked.push(city); return sunny(city); } });
    const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL: `${address}/v1`, apiKey: secret, useResponses: true }), tracingDisabled: true });
    const result = await runner.run(new Agent({ name: 'a', instructions: 'Help.', model, tools: [weather] }), 'Weather?', { stream: true });
    let text = '';
    for await (const e of result.toStream()) { if (e.type === 'raw_model_stream_event' && e.data.type === 'output_text_delta') text += e.data.delta; }
    await result.completed;
    say({ text: text.replace(result.finalOutput, ''), calls: asked, finish: 'tool_calls', end: result.finalOutput });
  },
};

async function ai(languageModel) {
  const { streamText, tool, stepCountIs, jsonSchema } = await import('ai');
  const asked = [];
  const weather = tool({ description: 'w', inputSchema: jsonSchema(parameters), execute: async ({ city }) => { asked.push(city); return sunny(city); } });
  const result = streamText({ model: languageModel, prompt: 'Weather?', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0, onError: ({ error }) => { throw error; } });
  await result.consumeStream();
  const steps = await result.steps;
  say({ text: steps[0].text, calls: asked, finish: steps[0].finishReason === 'tool-calls' ? 'tool_calls' : steps[0].finishReason, end: await result.text });
}

await flows[flow]();
