import { FileStore, type NewFile } from '@tanker/providers/files/index.ts';
import { Random } from './random.ts';
import { FILE_NAMES, SENTENCES } from './vocabulary.ts';

/** A company has one document for ten rows, at most so many. */
const MOST_DOCUMENTS = 240;
const ROWS_PER_DOCUMENT = 10;
/** Companies of at least so many rows have one of several megabytes too. */
const ROWS_OF_A_LARGE_ONE = 1000;
const LARGE_BYTES = 6_000_000;

/** Sentences, or octets that are no text, up to so many. */
function contentOf(random: Random, bytes: number, isText: boolean): Buffer {
  const piece = isText
    ? Array.from({ length: 40 }, () => `${random.pick(SENTENCES)}\n`).join('')
    : random.hex(4096);
  return Buffer.alloc(bytes, piece, isText ? 'utf8' : 'hex');
}

/** The same documents for the same company, on every machine. */
export function documentsOf(company: string, rows: number): NewFile[] {
  const random = new Random(`${company}/documents`);
  const count = Math.min(MOST_DOCUMENTS, Math.floor(rows / ROWS_PER_DOCUMENT));
  return Array.from({ length: count }, (_, index) => {
    const isText = random.chance(40);
    const isLarge = index === 0 && rows >= ROWS_OF_A_LARGE_ONE;
    const extension = isText ? 'txt' : 'pdf';
    return {
      path: `${random.pick(FILE_NAMES)}/${random.between(2024, 2025)}/${index + 1}.${extension}`,
      contentType: isText ? 'text/plain; charset=utf-8' : 'application/pdf',
      content: contentOf(random, isLarge ? LARGE_BYTES : random.between(200, 40_000), isText),
      createdAt: new Date(Date.UTC(2024, random.below(24), random.between(1, 28), random.below(24))),
    };
  });
}

/** Stores a company's documents in a server's directory. Answers how many. */
export async function seedDocuments(directory: string, company: string, rows: number): Promise<number> {
  const store = new FileStore(directory);
  try {
    return (await store.put(company, documentsOf(company, rows))).length;
  } finally {
    store.close();
  }
}
