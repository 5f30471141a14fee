// Runs inside one execution environment: loads the handler once, then serves one invocation at a time over IPC.
// Error documents have the shape of AWS's Node.js runtime: {errorType, errorMessage, trace}.
import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { shiftDates, takeOffset } from '../shifted-dates.mjs';

let current;

function errorDocument(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function named(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** Sends and, where the process is about to end, waits until the parent's end of the pipe has it. */
function send(message) {
  return new Promise((resolve) => process.send(message, () => resolve()));
}

async function loadHandler() {
  const [stem, name, ...rest] = (process.env._HANDLER ?? '').split('.');
  if (!stem || !name || rest.length > 0) throw named('Runtime.MalformedHandlerName', 'Bad handler');
  const candidates = ['.mjs', '.js', '.cjs'].map((end) =>
    path.join(process.env.LAMBDA_TASK_ROOT, stem + end),
  );
  const file = candidates.find((candidate) => existsSync(candidate));
  if (!file) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${stem}'`);
  const loaded = await import(pathToFileURL(file).href);
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') {
    throw named('Runtime.HandlerNotFound', `${stem}.${name} is undefined or not exported`);
  }
  return handler;
}

function contextOf(invocation) {
  const deadline = performance.now() + invocation.timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: invocation.functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: invocation.requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

async function serve(handler, invocation) {
  current = invocation.requestId;
  process.env._X_AMZN_TRACE_ID = invocation.traceId;
  shiftDates(invocation.clockOffsetMs);
  try {
    const answer = await handler(JSON.parse(invocation.event), contextOf(invocation));
    const payload = JSON.stringify(answer === undefined ? null : answer);
    if (payload === undefined) throw new Error('Unable to stringify response body');
    await send({ kind: 'answer', requestId: invocation.requestId, payload });
  } catch (error) {
    await send({ kind: 'failure', requestId: invocation.requestId, error: errorDocument(error) });
  }
}

/** As AWS's runtime: the running invocation fails with this error and the environment ends. */
function dieOf(error, exitCode) {
  void send({ kind: 'failure', requestId: current, error: errorDocument(error) }).then(() =>
    process.exit(exitCode),
  );
}

process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => dieOf(error, 129));
process.on('unhandledRejection', (reason) => {
  dieOf(
    named('Runtime.UnhandledPromiseRejection', reason instanceof Error ? String(reason) : `${reason}`),
    128,
  );
});

// Before the handler is loaded, which may keep a Date of its own.
shiftDates(takeOffset());
try {
  const handler = await loadHandler();
  process.on('message', (invocation) => void serve(handler, invocation));
  await send({ kind: 'ready' });
  flushCompileCache();
} catch (error) {
  const document = errorDocument(error);
  if (error?.code === 'ERR_MODULE_NOT_FOUND') document.errorType = 'Runtime.ImportModuleError';
  if (error instanceof SyntaxError) document.errorType = 'Runtime.UserCodeSyntaxError';
  await send({ kind: 'broken', error: document });
  process.exit(1);
}
