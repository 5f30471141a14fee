import { randomUUID } from 'node:crypto';
import type { Authorize } from '../hooks.ts';
import type { WireHandler } from '../wire.ts';
import { createDelivery, type DeliveryPorts } from './delivery.ts';
import { type CloudEvent, compileRule, type Rule, type RuleDefinition } from './rules.ts';
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
  /** Adds a rule of a region's default bus; throws EventPatternUnsupported, TargetInputUnsupported, RuleUnsupported. */
  addRule(region: string, definition: RuleDefinition): void;
  rules(region: string): readonly RuleDefinition[];
  /** Puts an event on the default bus of that region only; answers its id. Targets get it after this returns. */
  putEvent(region: string, event: EventInput): string;
  /** Starts the schedules of all enabled rules; each fires first after one whole period. */
  startSchedules(): void;
  /** Fires a scheduled rule once, now. */
  fire(region: string, ruleName: string): void;
  /** Deliveries begun and neither done nor given up. */
  pending(): number;
  stop(): void;
}

/** EventBridge of all regions: one default bus each. */
export function createEvents(options: EventsOptions): Events {
  const rules: Rule[] = [];
  const delivery = createDelivery(options);
  const timers = new Map<Rule, () => void>();

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

  function deliverAll(rule: Rule, event: CloudEvent): void {
    setImmediate(() => {
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
    const cancel = options.clock.after(rule.everyMs, () => {
      run(rule);
      schedule(rule);
    });
    timers.set(rule, cancel);
  }

  function putEvent(region: string, input: EventInput): string {
    const event = complete(region, input);
    for (const rule of rules) {
      if (rule.region === region && rule.enabled && rule.matches(event)) deliverAll(rule, event);
    }
    return event.id;
  }

  return {
    handle: createEventsHandler(putEvent, options),
    addRule(region, definition) {
      rules.push(compileRule(region, definition));
    },
    rules: (region) => rules.filter((rule) => rule.region === region),
    putEvent,
    startSchedules() {
      for (const rule of rules) schedule(rule);
    },
    fire(region, ruleName) {
      const rule = rules.find((candidate) => candidate.region === region && candidate.name === ruleName);
      if (!rule) throw new Error(`There is no rule ${ruleName} in ${region}`);
      run(rule);
    },
    pending: () => delivery.pending(),
    stop() {
      for (const cancel of timers.values()) cancel();
      delivery.stop();
    },
  };
}

/** EventBridge's times have no fraction of a second. */
function wholeSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
