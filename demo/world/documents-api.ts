import type { FileStore } from '@tanker/providers/files/index.ts';
import { type Context, Hono } from 'hono';
import { RETRY_AFTER_SECONDS, WRITE_ID_HEADER } from './product-api.ts';

const LIST_LIMIT = 50;
/** Documents that customers upload are text, one line for each write. */
const pathOf = (id: string): string => `uploads/${id}.txt`;

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The documents of the product's API: upload one, add a line to it, list them. A write answers when it is durable. */
export function documentsApi(store: FileStore): Hono {
  const save = async (context: Context, id: string, before: string, status: 200 | 201) => {
    const writeId = context.req.header(WRITE_ID_HEADER);
    if (!writeId) return context.json({ title: `The header ${WRITE_ID_HEADER} is missing.` }, 400);
    const { text } = (await context.req.json()) as { text?: unknown };
    const content = Buffer.from(`${before}${writeId}\t${String(text ?? '')}\n`);
    await store.put(context.req.param('company') ?? '', [
      { path: pathOf(id), contentType: 'text/plain; charset=utf-8', content },
    ]);
    return context.json({ id, writeId }, status);
  };
  const app = new Hono();
  app.onError((error, context) => {
    if (error.name === 'CompanyClosed') {
      return context.json({ title: 'This company is being moved.' }, 423, {
        'retry-after': String(RETRY_AFTER_SECONDS),
      });
    }
    console.error(error);
    return context.json({ title: 'The service failed.' }, 500);
  });
  app.get('/c/:company/documents', (context) =>
    context.json({ ids: store.list(context.req.param('company'), LIST_LIMIT).map(({ path }) => path) }),
  );
  app.post('/c/:company/documents', (context) =>
    save(context, context.req.header(WRITE_ID_HEADER) ?? '', '', 201),
  );
  app.patch('/c/:company/documents/:id', async (context) => {
    const { company, id } = context.req.param();
    const found = store.read(company, pathOf(id));
    if (!found) return context.json({ title: 'There is no such document.' }, 404);
    return save(context, id, await textOf(found.content), 200);
  });
  return app;
}
