import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { s3Error } from './errors.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: true });

// Values stay text: `00` is a tag's value and an ETag of digits is no number.
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === 'Part' || name === 'Object' || name === 'Tag',
});

/** The document of a successful answer; a list is repeated elements of one name, `undefined` is left out. */
export function writeDocument(root: string, content: Record<string, unknown>): string {
  const body = builder.build({ [root]: { '@_xmlns': NAMESPACE, ...content } });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

/** The document of an error, which S3 writes without a namespace. */
export function writeError(content: Record<string, unknown>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ Error: content })}`;
}

/**
 * The content of a request's document below `root`: `Part`, `Object` and `Tag` are always lists, all else text.
 * @throws MalformedXML if it isn't XML or has another root
 */
export function readDocument(xml: string, root: string): Record<string, unknown> {
  if (XMLValidator.validate(xml) !== true) throw s3Error('MalformedXML');
  const content: unknown = parser.parse(xml)[root];
  if (content === undefined) throw s3Error('MalformedXML');
  return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
}

/** The text of an element, or undefined if it's absent or holds elements. */
export function textOf(element: unknown): string | undefined {
  return typeof element === 'string' ? element : undefined;
}

/** The elements of a list, each an object; anything else is left to the caller's MalformedXML. */
export function listOf(element: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(element)) return [];
  return element.map((item) => (typeof item === 'object' && item !== null ? item : {}));
}
