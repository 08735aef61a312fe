import test from 'ava'
import { UsageError } from '../../cli/errors.ts'
import { names, withDryRun, withOutput } from '../../cli/options.ts'
import { type AddCommands, examplesText, runCommandLine } from '../../cli/run.ts'
import { keptTerminal } from './terminal.ts'

const addThings: AddCommands = (program, { stdout }) => {
  withDryRun(withOutput(program.command('things')))
    .addHelpText('after', examplesText(['tool things', 'tool things -o json']))
    .action((options) => void stdout.write(JSON.stringify(options)))
  program.command('fail').action(async () => {
    throw new Error('the disk is full')
  })
  program.command('misuse').action(() => {
    throw new UsageError('two options exclude each other')
  })
}

async function tool(...args: string[]) {
  const { terminal, said } = keptTerminal()
  const line = { name: 'tool', about: 'A tool.', examples: ['tool things'], commands: [addThings] }
  return { code: await runCommandLine(line, args, terminal), ...said }
}

test('a command that ends well gives 0, and its options have their defaults', async (t) => {
  t.deepEqual(await tool('things', '--dry-run'), {
    code: 0,
    stdout: '{"output":"table","dryRun":true}',
    stderr: '',
  })
})

test('help is no mistake, goes to stdout, and ends with the examples', async (t) => {
  const { code, stdout, stderr } = await tool('things', '--help')
  t.deepEqual([code, stderr], [0, ''])
  t.true(stdout.endsWith('\nExamples:\n  tool things\n  tool things -o json\n'), stdout)
})

test('a command that is refused or fails gives 1 and one line', async (t) => {
  t.deepEqual(await tool('fail'), { code: 1, stdout: '', stderr: 'tool: the disk is full\n' })
})

test('a call without meaning gives 2: by the command itself, by an unknown option, command or word', async (t) => {
  t.deepEqual(await tool('misuse'), { code: 2, stdout: '', stderr: 'tool: two options exclude each other\n' })
  for (const args of [['things', '--bogus'], ['nothing'], ['things', '-o', 'xml'], []]) {
    const { code, stdout, stderr } = await tool(...args)
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
    t.not(stderr, '')
  }
})

test('names are separated by commas; empty ones do not count', (t) => {
  t.deepEqual(names('ada, grace,,joe '), ['ada', 'grace', 'joe'])
  t.deepEqual(names(undefined), [])
})
