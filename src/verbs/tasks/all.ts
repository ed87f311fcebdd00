/** Every verb this version runs: what it needs of the call, and the task that runs it. */
import type { Verb } from '../schema/schema.ts';
import type { Need, Task, TaskContext } from '../task.ts';
import { AlertTask } from './alert.ts';
import { AnswerTask } from './answer.ts';
import { ConfigTask } from './config.ts';
import { DialTask } from './dial/dial.ts';
import { DtmfTask } from './dtmf.ts';
import { DubTask } from './dub.ts';
import { GatherTask } from './gather.ts';
import { HangupTask } from './hangup.ts';
import { ListenTask } from './listen.ts';
import { PauseTask } from './pause.ts';
import { PlayTask } from './play.ts';
import { RedirectTask } from './redirect.ts';
import { SayTask } from './say.ts';
import { SipDeclineTask } from './sip-decline.ts';
import { SipReferTask } from './sip-refer.ts';
import { SipRequestTask } from './sip-request.ts';
import { TagTask } from './tag.ts';
import { TranscribeTask } from './transcribe.ts';

const needs: { readonly [verb: string]: Need } = {
  answer: 'answered',
  dtmf: 'answered',
  dub: 'answered',
  gather: 'answered',
  play: 'answered',
  say: 'answered',
  transcribe: 'answered',
  hangup: 'stable',
  listen: 'answered',
  'sip:refer': 'stable',
  'sip:request': 'stable',
  'sip:decline': 'unanswered',
};

export function needOf(verb: Verb): Need {
  if (verb.verb === 'config' && verb.earlyMedia) return 'answered';
  return needs[verb.verb] ?? 'nothing';
}

type Early = Extract<Verb, { readonly earlyMedia: boolean }>;

function mayBeEarly(verb: Verb): verb is Early {
  return 'earlyMedia' in verb;
}

/** Whether the verb may be heard before the call is answered. */
export function earlyMediaOf(verb: Verb): boolean {
  if (verb.verb === 'gather') return verb.play?.earlyMedia === true || verb.say?.earlyMedia === true;
  return mayBeEarly(verb) && verb.earlyMedia;
}

export function makeTask(context: TaskContext, verb: Verb): Task {
  switch (verb.verb) {
    case 'alert':
      return new AlertTask(context, verb);
    case 'answer':
      return new AnswerTask();
    case 'config':
      return new ConfigTask(context, verb);
    case 'dial':
      return new DialTask(context, verb);
    case 'dtmf':
      return new DtmfTask(context, verb);
    case 'dub':
      return new DubTask(context, verb);
    case 'gather':
      return new GatherTask(context, verb);
    case 'hangup':
      return new HangupTask(context, verb);
    case 'listen':
      return new ListenTask(context, verb);
    case 'pause':
      return new PauseTask(context, verb);
    case 'play':
      return new PlayTask(context, verb);
    case 'redirect':
      return new RedirectTask(context, verb);
    case 'say':
      return new SayTask(context, verb);
    case 'sip:decline':
      return new SipDeclineTask(context, verb);
    case 'sip:refer':
      return new SipReferTask(context, verb);
    case 'sip:request':
      return new SipRequestTask(context, verb);
    case 'tag':
      return new TagTask(context, verb);
    case 'transcribe':
      return new TranscribeTask(context, verb);
    default:
      throw new Error(`no task for the verb '${verb.verb}'`);
  }
}
