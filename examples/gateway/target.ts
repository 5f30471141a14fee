import { CompanyId } from '@tanker/contract/index.ts';

/** Printable ASCII that begins with one slash: no absolute form, no `*`, no fragment. */
const ORIGIN_FORM = /^\/(?!\/)[\x21\x22\x24-\x7e]*$/;
const COMPANY_PATH = /^\/c\/([^/?]+)/;

/** `.` and `..`, also with the parameters that some servers strip before they resolve dots: `..;a=b`. */
const DOTS = /^\.{1,2}(;|$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no segment may hold
const SEPARATOR_OR_CONTROL = /[/\\\u0000-\u001f\u007f]/;

/**
 * Whether everybody reads the same path in this request target. The gateway sends on the very text that it has checked;
 * a service may still decode it, take a backslash for a slash, and resolve dots. So a segment that is dots or holds a
 * separator, however often it is encoded, is refused: behind it could lie another company's path.
 */
export function isPlainTarget(target: string): boolean {
  if (!ORIGIN_FORM.test(target)) return false;
  const [path = ''] = target.split('?', 1);
  return path.split('/').every(isPlainSegment);
}

/** The company whose path this is. Ids have no form but one: an encoded or differently written one is another text. */
export function companyOf(target: string): string | undefined {
  const parsed = CompanyId.safeParse(COMPANY_PATH.exec(target)?.[1]);
  return parsed.success ? parsed.data : undefined;
}

function isPlainSegment(segment: string): boolean {
  const text = decoded(segment);
  if (text === undefined || SEPARATOR_OR_CONTROL.test(text) || DOTS.test(text)) return false;
  // What remains encoded is looked at once more, as a service would see it that decodes once more.
  const again = decoded(text);
  return again === undefined || again === text || isPlainSegment(text);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
