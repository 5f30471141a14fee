import { boolean, bytes, json, NULL, numberArray, text, textArray } from './copy-text.ts';
import type { Random } from './random.ts';
import {
  ACTIVITY_KINDS,
  CITIES,
  COMPANY_FORMS,
  COMPANY_KINDS,
  COMPANY_WORDS,
  COUNTRIES,
  CURRENCIES,
  DEAL_WORDS,
  FIELD_NAMES,
  FIRST_NAMES,
  INDUSTRIES,
  JOB_TITLES,
  LAST_NAMES,
  LOST_REASONS,
  PRODUCTS,
  SENTENCES,
  STREETS,
  TAGS,
} from './vocabulary.ts';

/** What a row may refer to: a random id of another table of the company. */
export interface Context {
  readonly random: Random;
  /** The row's number in its table, from 0. */
  readonly index: number;
  /** A random id of a table, such as `contacts.persons`. */
  ref(table: string): string;
}

/** Columns of a table without company_id and id, and their values in COPY text format, in that order. */
export interface RowShape {
  readonly columns: string;
  values(context: Context): string[];
}

/** Data begins on 2024-01-01 and spans two years: 730 days of 86,400 seconds. */
const FIRST_INSTANT_MS = Date.UTC(2024, 0, 1);
const SPAN_SECONDS = 730 * 86_400;
/** 16 years: seeded reminders are for 2040 and 2041. */
const REMINDERS_AFTER_MS = 16 * 365.25 * 86_400_000;

const instant = (random: Random): string =>
  new Date(FIRST_INSTANT_MS + random.below(SPAN_SECONDS) * 1000 + random.below(1000)).toISOString();
const date = (random: Random): string => instant(random).slice(0, 10);
const optional = (random: Random, percent: number, value: () => string): string =>
  random.chance(percent) ? value() : NULL;
const amount = (random: Random, limit: number): string => (random.below(limit * 100) / 100).toFixed(2);
const prose = (random: Random, least: number, most: number): string =>
  text(Array.from({ length: random.between(least, most) }, () => random.pick(SENTENCES)).join(' '));
const paragraphs = (random: Random, count: number): string =>
  Array.from({ length: count }, () => prose(random, 2, 5)).join('\\n\\n');
const some = (random: Random, choices: readonly string[], most: number): string[] =>
  Array.from({ length: random.below(most + 1) }, () => random.pick(choices));
const owner = (random: Random): string => String(random.between(1, 40));
const organization = (random: Random): string =>
  `${random.pick(COMPANY_WORDS)} ${random.pick(COMPANY_KINDS)} ${random.pick(COMPANY_FORMS)}`;
const address = (random: Random): string =>
  `${random.pick(FIRST_NAMES)}.${random.pick(LAST_NAMES)}@${random.pick(COMPANY_WORDS)}.example`
    .toLowerCase()
    .replace(/[' ]/g, '');

const changed = (entity: string, table: string): RowShape => ({
  columns: 'write_id, kind, entity, entity_id, changed_at',
  values: ({ random, index, ref }) => [
    `seed-${index}`,
    random.chance(30) ? 'create' : 'update',
    entity,
    ref(table),
    instant(random),
  ],
});

const delivered = (topic: string): RowShape => ({
  columns: 'outbox_id, topic, write_id, delivered_at',
  values: ({ random, index }) => [String(index + 1), topic, `seed-${index}`, instant(random)],
});

const organizations: RowShape = {
  columns:
    'name, domain, industry, employees, annual_revenue, address, tags, external_id, customer_since, created_at, write_id',
  values: ({ random }) => [
    text(organization(random)),
    optional(random, 80, () => `${random.pick(COMPANY_WORDS).toLowerCase()}${random.below(9999)}.example`),
    random.pick(INDUSTRIES),
    optional(random, 70, () => String(random.between(1, 20_000))),
    optional(random, 60, () => amount(random, 90_000_000)),
    json({
      street: `${random.pick(STREETS)} ${random.between(1, 240)}`,
      city: random.pick(CITIES),
      country: random.pick(COUNTRIES),
      geo: { lat: random.below(180_000) / 1000 - 90, lon: random.below(360_000) / 1000 - 180 },
    }),
    textArray(some(random, TAGS, 4)),
    random.uuid(),
    optional(random, 40, () => date(random)),
    instant(random),
    NULL,
  ],
};

const persons: RowShape = {
  columns:
    'organization_id, first_name, last_name, email, phone, job_title, birthday, marketing_consent, lead_score, labels, photo_hash, owner_id, created_at, updated_at, write_id',
  values: ({ random, ref }) => [
    optional(random, 90, () => ref('contacts.organizations')),
    random.pick(FIRST_NAMES),
    random.pick(LAST_NAMES),
    optional(random, 85, () => address(random)),
    optional(random, 60, () => `+${random.between(1, 98)} ${random.between(1_000_000, 99_999_999)}`),
    optional(random, 70, () => random.pick(JOB_TITLES)),
    optional(random, 20, () => `19${random.between(50, 99)}-0${random.between(1, 9)}-1${random.below(10)}`),
    boolean(random.chance(55)),
    optional(random, 50, () => String(random.below(1_000_000) / 7000)),
    textArray(some(random, TAGS, 3)),
    optional(random, 30, () => bytes(random.hex(32))),
    owner(random),
    instant(random),
    optional(random, 40, () => instant(random)),
    NULL,
  ],
};

const pipelines: RowShape = {
  columns: 'name, stages, position, active, created_at',
  values: ({ random, index }) => [
    ['Sales', 'Renewals', 'Partners'][index % 3] as string,
    json(
      ['Qualified', 'Contacted', 'Demo', 'Proposal', 'Negotiation'].map((name, i) => ({ name, order: i })),
    ),
    String(index),
    boolean(true),
    instant(random),
  ],
};

const deals: RowShape = {
  columns:
    'pipeline_id, organization_id, person_id, title, value, currency, stage, status, probability, expected_close, owner_id, lost_reason, created_at, closed_at, write_id',
  values: ({ random, ref }) => {
    const status = random.pick(['open', 'open', 'won', 'lost']);
    return [
      ref('deals.pipelines'),
      optional(random, 90, () => ref('contacts.organizations')),
      optional(random, 80, () => ref('contacts.persons')),
      text(`${organization(random)}: ${random.pick(DEAL_WORDS)}`),
      amount(random, 250_000),
      random.pick(CURRENCIES),
      String(random.below(5)),
      status,
      optional(random, 70, () => String(random.below(1000) / 1000)),
      optional(random, 80, () => date(random)),
      owner(random),
      status === 'lost' ? random.pick(LOST_REASONS) : NULL,
      instant(random),
      status === 'open' ? NULL : instant(random),
      NULL,
    ];
  },
};

const dealProducts: RowShape = {
  columns: 'deal_id, sku, name, quantity, price, discount, tax, recurring, created_at',
  values: ({ random, ref }) => [
    ref('deals.deals'),
    `NW-${random.between(100, 999)}-${random.hex(4).toUpperCase()}`,
    random.pick(PRODUCTS),
    String(random.between(1, 250)),
    (random.below(20_000_000) / 10_000).toFixed(4),
    (random.below(4000) / 100).toFixed(2),
    json({ rate: random.pick([0, 7.7, 19, 22, 25]), included: random.chance(30) }),
    boolean(random.chance(60)),
    instant(random),
  ],
};

const activities: RowShape = {
  columns:
    'deal_id, person_id, kind, subject, description, due_date, due_time, duration_minutes, participants, done, done_at, owner_id, created_at, write_id',
  values: ({ random, ref }) => {
    const done = random.chance(70);
    return [
      optional(random, 70, () => ref('deals.deals')),
      optional(random, 80, () => ref('contacts.persons')),
      random.pick(ACTIVITY_KINDS),
      prose(random, 1, 1),
      optional(random, 60, () => prose(random, 1, 3)),
      date(random),
      optional(random, 50, () => `${random.between(10, 17)}:${random.pick(['00', '15', '30', '45'])}:00`),
      optional(random, 60, () => String(random.pick([15, 30, 45, 60, 90]))),
      numberArray(Array.from({ length: random.below(4) }, () => Number(ref('contacts.persons')))),
      boolean(done),
      done ? instant(random) : NULL,
      owner(random),
      instant(random),
      NULL,
    ];
  },
};

const threads: RowShape = {
  columns: 'subject, deal_id, participants, message_count, archived, last_message_at, created_at',
  values: ({ random, ref }) => [
    prose(random, 1, 1),
    optional(random, 50, () => ref('deals.deals')),
    textArray([address(random), address(random)]),
    String(random.between(1, 12)),
    boolean(random.chance(40)),
    instant(random),
    instant(random),
  ],
};

const messages: RowShape = {
  columns:
    'thread_id, message_uuid, sender, recipients, subject, body, headers, size_bytes, body_hash, seen, sent_at, created_at, write_id',
  values: ({ random, ref }) => {
    const body = paragraphs(random, random.between(2, 6));
    return [
      ref('mail.threads'),
      random.uuid(),
      address(random),
      textArray([address(random), ...(random.chance(30) ? [address(random)] : [])]),
      prose(random, 1, 1),
      body,
      json({ 'message-id': `<${random.hex(16)}@mail.example>`, 'x-priority': random.between(1, 5) }),
      String(body.length),
      bytes(random.hex(40)),
      boolean(random.chance(80)),
      optional(random, 95, () => instant(random).slice(0, 23)),
      instant(random),
      NULL,
    ];
  },
};

const notes: RowShape = {
  columns: 'entity, entity_id, body, pinned, author_id, created_at, updated_at, write_id',
  values: ({ random, ref }) => [
    'deal',
    ref('deals.deals'),
    paragraphs(random, random.between(1, 4)),
    boolean(random.chance(10)),
    owner(random),
    instant(random),
    optional(random, 20, () => instant(random)),
    NULL,
  ],
};

const customFields: RowShape = {
  columns: 'entity, entity_id, field, value, created_at',
  values: ({ random, ref }) => {
    const field = random.pick(FIELD_NAMES);
    return [
      'organization',
      ref('contacts.organizations'),
      field,
      json({
        label: field,
        value: random.chance(50) ? random.below(1_000_000) / 100 : random.pick(CITIES),
        old: null,
      }),
      instant(random),
    ];
  },
};

/** Long after the demo: none becomes due while it runs. */
const reminders: RowShape = {
  columns: 'topic, payload, write_id, created_at, deliver_at',
  values: ({ random, index }) => [
    random.pick(['remind', 'remind', 'follow-up']),
    json({ text: random.pick(SENTENCES), deal: random.below(9999) }),
    `seed-${index}`,
    instant(random),
    new Date(Date.parse(instant(random)) + REMINDERS_AFTER_MS).toISOString(),
  ],
};

/** How each table's rows are made. */
export const ROW_SHAPES: Readonly<Record<string, RowShape>> = {
  'contacts.organizations': organizations,
  'contacts.persons': persons,
  'contacts.changes': changed('persons', 'contacts.persons'),
  'deals.pipelines': pipelines,
  'deals.deals': deals,
  'deals.deal_products': dealProducts,
  'deals.notifications': delivered('deal-created'),
  'deals.changes': changed('deals', 'deals.deals'),
  'activities.activities': activities,
  'activities.changes': changed('activities', 'activities.activities'),
  'mail.threads': threads,
  'mail.messages': messages,
  'mail.deliveries': delivered('send'),
  'mail.changes': changed('messages', 'mail.messages'),
  'notes.notes': notes,
  'notes.custom_fields': customFields,
  'notes.changes': changed('notes', 'notes.notes'),
  'reminders.queue': reminders,
  'reminders.deliveries': delivered('remind'),
  'reminders.changes': changed('queue', 'reminders.queue'),
};
