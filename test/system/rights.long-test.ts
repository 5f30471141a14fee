import { expect, test } from '@jest/globals';
import { tellEveryStory } from '../rights/usage.ts';
import { startBench } from '../rights/world.ts';

/** Lambda's own repeats of one event take three minutes; the stories beside it about as long. */
const LONGEST_MS = 1_200_000;

// In a world of its own: its stories take rights away, kill processes and slow services down.
test(
  'every action that a role may do is used by a story, or can only be seen on AWS',
  async () => {
    const { stage, stop } = await startBench();
    try {
      const { unused, problems, text } = await tellEveryStory(stage);
      console.log(text);
      expect({ unused, problems }).toEqual({ unused: [], problems: [] });
    } finally {
      await stop();
    }
  },
  LONGEST_MS,
);
