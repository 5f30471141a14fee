import {
  ClaimRequest,
  CommitRequest,
  CompanyId,
  formatLocation,
  GATEWAY_BASE,
  GATEWAY_OPERATIONS,
  type Home,
  Location,
  LockRequest,
  mistakesOf,
  PROBLEM_MEDIA_TYPE,
  problemOf,
  QUIET_TIMEOUT_SECONDS,
  TankerError,
  UnlockRequest,
} from '@tanker/contract/index.ts';
import { type Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { sameHome } from './authority-rows.ts';
import type { AuthorityStore } from './authority-store.ts';
import type { GatewayConfig } from './config.ts';
import {
  type Claimant,
  leadsNowhere,
  locationUnknown,
  requestInvalid,
  requestUnauthorized,
  trafficNotQuiet,
} from './refusals.ts';
import { bearerCheck } from './tokens.ts';
import type { Traffic } from './traffic.ts';

export interface ApiOptions {
  readonly store: AuthorityStore;
  readonly traffic: Traffic;
  readonly config: GatewayConfig;
  /** Told what no refusal explains: a defect of the gateway. */
  onDefect(error: unknown): void;
}

const SignUpRequest = z
  .object({ location: Location, jurisdictions: z.array(z.string()).optional() })
  .strict();

const honoPath = (operation: keyof typeof GATEWAY_OPERATIONS): string =>
  `${GATEWAY_BASE}${GATEWAY_OPERATIONS[operation].path.replace('{company}', ':company')}`;

const companyOf = (context: Context): string => {
  const parsed = CompanyId.safeParse(context.req.param('company'));
  if (!parsed.success) throw requestInvalid('The company id in the path is none.');
  return parsed.data;
};

async function bodyOf<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await context.req.json().catch(() => {
    throw requestInvalid('The body of the request is no JSON.');
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw requestInvalid(
    `The request does not match the contract: ${mistakesOf(parsed.error.issues, 'body')}.`,
  );
}

/** The body of a call whose holder must belong to its task: a commit is remembered by the task, a claim by the holder. */
async function claimantBody<T extends Claimant>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const body = await bodyOf(context, schema);
  if (body.holder.startsWith(`${body.task}/`)) return body;
  throw requestInvalid(`The holder ${body.holder} is not of the task ${body.task}.`);
}

/** The gateway contract over HTTP, and the sign-up of companies, which belongs to the product and not to the contract. */
export function gatewayApi({ store, traffic, config, onDefect }: ApiOptions): Hono {
  const operator = bearerCheck(config.operatorToken);
  const reader = bearerCheck(config.readerToken);
  const routes = Object.keys(config.routes);
  const requireRoute = (home: Home): void => {
    if (home.state !== 'home' || routes.includes(formatLocation(home.location))) return;
    throw locationUnknown(formatLocation(home.location), routes);
  };

  const app = new Hono();
  app.onError((error, context) => {
    if (!(error instanceof TankerError)) onDefect(error);
    const problem = problemOf(error instanceof TankerError ? error : internalFailure());
    return context.json(problem, problem.status as ContentfulStatusCode, {
      'content-type': PROBLEM_MEDIA_TYPE,
    });
  });
  app.notFound((context) => {
    const problem = problemOf(pathUnknown());
    return context.json(problem, 404, { 'content-type': PROBLEM_MEDIA_TYPE });
  });
  app.use(async (context, next) => {
    const authorization = context.req.header('authorization');
    const readable = context.req.method === 'GET' && reader(authorization);
    if (!readable && !operator(authorization)) throw requestUnauthorized();
    await next();
  });

  app.get(honoPath('read'), (context) => context.json(store.read(companyOf(context))));
  app.post(honoPath('claim'), async (context) =>
    context.json(store.claim(companyOf(context), await claimantBody(context, ClaimRequest))),
  );
  app.post(honoPath('lock'), async (context) => {
    const company = companyOf(context);
    const request = await claimantBody(context, LockRequest);
    store.lock(company, request, request.leaseSeconds);
    const quiet = await traffic.quiet(company, QUIET_TIMEOUT_SECONDS);
    // Asked again, because while it waited the lease may have ended or a newer epoch may have come.
    const locked = store.lock(company, request, request.leaseSeconds);
    if (!quiet) throw trafficNotQuiet(company, traffic.count(company), QUIET_TIMEOUT_SECONDS);
    return context.json(locked);
  });
  app.post(honoPath('unlock'), async (context) =>
    context.json(store.unlock(companyOf(context), await claimantBody(context, UnlockRequest))),
  );
  app.post(honoPath('commit'), async (context) => {
    const company = companyOf(context);
    const request = await claimantBody(context, CommitRequest);
    if (sameHome(request.from, request.to)) throw leadsNowhere(request.to);
    requireRoute(request.to);
    return context.json(store.commit(company, request, request));
  });
  app.post('/signup/:company', async (context) => {
    const company = companyOf(context);
    const { location, jurisdictions } = await bodyOf(context, SignUpRequest);
    requireRoute({ state: 'home', location });
    return context.json(store.signUp(company, location, jurisdictions), 201);
  });
  return app;
}

const internalFailure = (): TankerError =>
  new TankerError('InternalFailure', {
    what: 'The gateway failed unexpectedly.',
    now: 'What was being changed is unknown to the caller; the record holds all of it or nothing.',
    next: 'Repeat the call; the log of the gateway has the failure.',
  });

const pathUnknown = (): TankerError =>
  new TankerError('ResourceUnknown', {
    what: 'The gateway has no such call.',
    now: 'Nothing was changed.',
    next: 'See gateway.openapi.json for the calls that it has.',
  });
