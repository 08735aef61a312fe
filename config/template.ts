import { z } from 'zod'
import { duration, labelName, memory, processor, says, section, text } from './fields.ts'
import { IMAGES } from './images.ts'

/** The largest screen that is made, and more than the memory of most desktops holds. */
function fitsScreen(size: string): boolean {
  const [width = 0, height = 0] = size.split('x').map(Number)
  return width <= 7680 && height <= 4320
}

/** A kind of desktop that people may choose. */
export const template = section('a template', {
  name: labelName.describe('What the template is called in URLs and on its pods.'),
  title: text(/^[^\p{Cc}]{1,60}$/u, 'a title is one line of at most 60 characters', 'write a short title')
    .optional()
    .describe('What people read when they choose. Default: the name.'),
  image: z
    .string(says('an image is a word or a reference', `write one of: ${Object.keys(IMAGES).join(', ')}`))
    .default('desktop')
    .describe('A key of the image table, or a reference pinned by digest.'),
  resources: section('resources', {
    cpu: processor('250m').default('250m').describe('Processor kept free for one desktop.'),
    memory: memory('512Mi').default('512Mi').describe('Memory kept free for one desktop.'),
    memoryLimit: memory('2Gi').default('2Gi').describe('Memory that one desktop may use at most.'),
  }).prefault({}),
  screen: text(
    /^[1-9]\d{2,3}x[1-9]\d{2,3}$/,
    'a screen is WIDTHxHEIGHT in pixels',
    'write a size such as 1280x800',
  )
    .refine(fitsScreen, says('a screen has at most 7680x4320 pixels', 'write a size such as 1280x800'))
    .default('1280x800')
    .describe(
      'The first size of the screen; the browser may change it, up to what a quarter of memoryLimit holds at 24 bytes a pixel.',
    ),
  idle: duration
    .default('30m')
    .describe(
      'Without input for so long, a desktop is stopped, after a warning of 5 minutes, or of a third of it if that is less.',
    ),
  requires: z
    .record(
      z
        .string()
        .regex(
          /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
          says('the key must be a node label', 'write a label such as deskfleet.io/gpu'),
        ),
      text(
        /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/,
        'the value must be the text of a node label',
        'write the value in quotes, such as "true"',
      ),
      says('it must be labels with their values', 'write lines such as deskfleet.io/gpu: "true"'),
    )
    .default({})
    .describe('Node labels that a PC must have to run it.'),
  groups: z
    .array(
      text(
        /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/,
        'it must be the name of an LDAP group',
        'write a group such as people',
      ),
      says('it must be a list of LDAP groups', 'write a list such as [people]'),
    )
    .min(1, says('somebody must be able to use it', 'name at least one group, such as people'))
    .default(['people'])
    .describe('LDAP groups whose members may use it.'),
})

export type Template = z.output<typeof template>
