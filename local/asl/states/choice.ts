import type { ChoiceState } from '../definition.ts';
import { StateFailure } from '../errors.ts';
import { leave, type Outcome } from '../outcome.ts';
import type { Visit } from '../visit.ts';

/**
 * Takes the first rule whose Condition holds, with that rule's Output and Assign; else Default, with the state's own.
 * @throws StateFailure `States.NoChoiceMatched`
 */
export async function runChoice(visit: Visit<ChoiceState>): Promise<Outcome> {
  const { Choices, Default, Output, Assign } = visit.state;
  for (const [index, rule] of Choices.entries()) {
    const place = `Choices[${index}]/`;
    if (await visit.evaluateAs<boolean>(rule.Condition, `${place}Condition`, 'boolean')) {
      return leave(visit, rule, visit.input, {}, place);
    }
  }
  if (Default === undefined) {
    throw new StateFailure(
      'States.NoChoiceMatched',
      'Failed to transition out of the state. The state does not point to a next state.',
    );
  }
  return leave(
    visit,
    { Next: Default, ...(Output === undefined ? {} : { Output }), ...(Assign ? { Assign } : {}) },
    visit.input,
  );
}
