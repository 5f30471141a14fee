import { StatesApiError } from './errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * One page of a list. The token holds how far the list was read and which list it was.
 * @param list names the list, so that a token of another one is refused
 * @throws StatesApiError InvalidToken
 */
export function page<T>(items: readonly T[], size: number, list: string, token: string | undefined): Page<T> {
  const start = token === undefined ? 0 : readToken(token, list);
  const end = start + size;
  const shown = items.slice(start, end);
  return end < items.length ? { items: shown, nextToken: writeToken(end, list) } : { items: shown };
}

function writeToken(position: number, list: string): string {
  return Buffer.from(JSON.stringify([position, list])).toString('base64url');
}

function readToken(token: string, list: string): number {
  try {
    const [position, of] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [number, string];
    if (of === list && Number.isInteger(position)) return position;
  } catch {
    // Falls through to the refusal that any other token gets.
  }
  throw new StatesApiError('InvalidToken', "Invalid Token: 'Invalid token'");
}
