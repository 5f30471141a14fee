import { randomUUID } from 'node:crypto';
import type { Authorize } from '../hooks.ts';
import type { WireHandler } from '../wire.ts';
import { createDelivery, type DeliveryPorts } from './delivery.ts';
import {
  type CloudEvent,
  compileRule,
  DEFAULT_BUS,
  type Rule,
  type RuleDefinition,
  RuleUnsupported,
} from './rules.ts';
import { createEventsHandler } from './wire-handler.ts';

export interface EventsOptions extends DeliveryPorts {
  readonly account: string;
  readonly authorize?: Authorize;
}

/** What a sender gives; the bus adds id, account, region and, where absent, the time. */
export interface EventInput {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
  readonly time?: string;
}

export interface Events {
  readonly handle: WireHandler;
  /** Adds a bus to a region. Throws RuleUnsupported when there is one of its name. */
  addBus(region: string, name: string): void;
  hasBus(region: string, name: string): boolean;
  /** Adds a rule of one of a region's buses; throws EventPatternUnsupported, TargetInputUnsupported, RuleUnsupported. */
  addRule(region: string, definition: RuleDefinition): void;
  rules(region: string): readonly RuleDefinition[];
  /**
   * Puts an event on a bus of that region only, by default the default one; answers its id. Targets get it after this
   * returns. A bus that is not there takes it and does nothing.
   */
  putEvent(region: string, event: EventInput, bus?: string): string;
  /** Hears of each event of a bus as it is put, beside the rules, until the answer is called. */
  listen(region: string, bus: string, hear: (event: CloudEvent) => void): () => void;
  /** Starts the schedules of all enabled rules; each fires first after one whole period. */
  startSchedules(): void;
  /**
   * To be called when the clock has jumped. Each rule whose schedule runs and that has become due fires, once however
   * often it would have fired meanwhile; answers their names.
   */
  afterJump(): string[];
  /** Fires a scheduled rule once, now. */
  fire(region: string, ruleName: string): void;
  /** Deliveries begun and neither done nor given up. */
  pending(): number;
  stop(): void;
}

/** EventBridge of all regions: one default bus each, and those that are added. */
export function createEvents(options: EventsOptions): Events {
  const rules: Rule[] = [];
  const buses = new Set<string>();
  const listeners = new Map<string, Set<(event: CloudEvent) => void>>();
  const keyOf = (region: string, bus: string) => `${region}/${bus}`;
  const hasBus = (region: string, name: string) => name === DEFAULT_BUS || buses.has(keyOf(region, name));
  const delivery = createDelivery(options);
  /** The rules whose schedules run: when each is due, and what cancels its timer. */
  const scheduled = new Map<Rule, { due: number; cancel: () => void }>();

  function complete(region: string, input: EventInput): CloudEvent {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': input['detail-type'],
      source: input.source,
      account: options.account,
      time: input.time ?? wholeSeconds(options.clock.now()),
      region,
      resources: input.resources ?? [],
      detail: input.detail,
    };
  }

  let matched = 0;

  function deliverAll(rule: Rule, event: CloudEvent): void {
    matched += 1;
    setImmediate(() => {
      matched -= 1;
      for (const target of rule.targets) delivery.deliver(rule, target, event);
    });
  }

  function run(rule: Rule): void {
    const input = {
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      detail: {},
      resources: [rule.arn],
    };
    deliverAll(rule, complete(rule.region, input));
  }

  function schedule(rule: Rule): void {
    if (rule.everyMs === undefined || !rule.enabled) return;
    arm(rule, options.clock.now() + rule.everyMs);
  }

  function arm(rule: Rule, due: number): void {
    const cancel = options.clock.after(due - options.clock.now(), () => {
      run(rule);
      schedule(rule);
    });
    scheduled.set(rule, { due, cancel });
  }

  function afterJump(): string[] {
    const fired: string[] = [];
    for (const [rule, { due, cancel }] of scheduled) {
      cancel();
      if (due > options.clock.now()) {
        arm(rule, due);
        continue;
      }
      fired.push(rule.name);
      run(rule);
      schedule(rule);
    }
    return fired;
  }

  function putEvent(region: string, input: EventInput, bus = DEFAULT_BUS): string {
    const event = complete(region, input);
    for (const hear of listeners.get(keyOf(region, bus)) ?? []) hear(event);
    for (const rule of rules) {
      const isItsBus = rule.region === region && rule.bus === bus;
      if (isItsBus && rule.enabled && rule.matches(event)) deliverAll(rule, event);
    }
    return event.id;
  }

  function listen(region: string, bus: string, hear: (event: CloudEvent) => void): () => void {
    const own = listeners.get(keyOf(region, bus)) ?? new Set();
    listeners.set(keyOf(region, bus), own.add(hear));
    return () => void own.delete(hear);
  }

  return {
    handle: createEventsHandler({ putEvent, hasBus }, options),
    addBus(region, name) {
      if (hasBus(region, name)) throw new RuleUnsupported(`Event bus ${name} already exists.`);
      buses.add(keyOf(region, name));
    },
    hasBus,
    addRule(region, definition) {
      const rule = compileRule(region, definition);
      if (!hasBus(region, rule.bus)) throw new RuleUnsupported(`Event bus ${rule.bus} does not exist.`);
      rules.push(rule);
    },
    rules: (region) => rules.filter((rule) => rule.region === region),
    putEvent,
    listen,
    startSchedules() {
      for (const rule of rules) schedule(rule);
    },
    afterJump,
    fire(region, ruleName) {
      const rule = rules.find((candidate) => candidate.region === region && candidate.name === ruleName);
      if (!rule) throw new Error(`There is no rule ${ruleName} in ${region}`);
      run(rule);
    },
    pending: () => matched + delivery.pending(),
    stop() {
      for (const { cancel } of scheduled.values()) cancel();
      delivery.stop();
    },
  };
}

/** EventBridge's times have no fraction of a second. */
function wholeSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
