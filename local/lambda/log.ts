import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** The log of one function: one file that stands for its CloudWatch log group. */
export interface FunctionLog {
  readonly file: string;
  /** Writes one line: time, request id ("-" outside of an invocation), text. */
  line(requestId: string, text: string): void;
  /** Copies a stream of a process line by line, each tagged with the request id of that moment. */
  attach(stream: Readable, requestId: () => string): void;
  close(): Promise<void>;
}

/** Opens (and appends to) <directory>/<region>/<function>.log. `now` answers milliseconds since 1970. */
export function openLog(
  directory: string,
  region: string,
  functionName: string,
  now: () => number,
): FunctionLog {
  const file = path.join(directory, region, `${functionName}.log`);
  mkdirSync(path.dirname(file), { recursive: true });
  const out = createWriteStream(file, { flags: 'a' });
  const line = (requestId: string, text: string) => {
    if (!out.writableEnded) out.write(`${new Date(now()).toISOString()} ${requestId} ${text}\n`);
  };
  return {
    file,
    line,
    attach(stream, requestId) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const text of lines) line(requestId(), text);
      });
      stream.on('end', () => {
        if (rest) line(requestId(), rest);
      });
    },
    close: () => new Promise((resolve) => out.end(() => resolve())),
  };
}
