import type { Kernel } from '../../domain/kernel.ts'
import { parameterLayout } from '../../domain/parameters.ts'
import { KernelError } from '../errors.ts'
import { MAX_ARRAY_WORDS, MAX_CALL_DEPTH, MAX_INLINED_SIZE, MAX_OUTPUT_BYTES } from '../limits.ts'
import type { FunctionDeclaration } from './ast.ts'
import { ExpressionChecker } from './check-expression.ts'
import { StatementChecker, completes } from './check-statement.ts'
import type { Fn, Program } from './ir.ts'
import { fail } from './lexer.ts'
import { measure } from './measure.ts'
import type { FunctionSize } from './measure.ts'
import { ModuleScope } from './module-scope.ts'
import { parse } from './parser.ts'
import { Scope } from './scope.ts'
import { BOOL, componentCount, componentOf, sameType, scalarCount, typeName, vector } from './types.ts'
import type { Type } from './types.ts'

/** Parses and checks a kernel. Throws `KernelError` with line, column and a hint for whatever is outside the subset. */
export function checkKernel(kernel: Kernel): Program {
  const { source, manifest } = kernel
  const items = parse(source)
  const functions: Fn[] = []
  const sizes = new Map<Fn, FunctionSize>()
  const module: ModuleScope = new ModuleScope(source, items, parameterLayout(manifest), manifest.input.kind !== 'none', (declaration) => {
    const fn = checkFunction(module, declaration)
    sizes.set(fn, checkSize(source, fn, sizes))
    functions.push(fn)
    return fn
  })
  for (const item of items) {
    if (item.kind !== 'assert') {
      module.find(item.name)
      continue
    }
    const checker = new ExpressionChecker(module, new Scope())
    const condition = checker.convert(checker.checkConstant(item.condition, 'the condition'), BOOL, 'the condition')
    if (condition.op === 'constant' && condition.value[0] === 0) fail(source, item.at, 'this const_assert does not hold')
  }
  const found = module.find('kernel')
  if (found?.kind !== 'function') {
    throw new KernelError('the source has no function called "kernel"', 1, 1, 'write fn kernel(id: vec3<u32>) -> u32 { … }')
  }
  const resultWords = checkEntry(kernel, found.fn)
  const reached = sizes.get(found.fn)!.reached
  return {
    kernel: found.fn,
    functions: functions.filter((fn) => fn === found.fn || reached.has(fn)),
    structs: module.structs,
    parameters: module.parameters,
    resultWords,
    usesInput: module.usesInput,
  }
}

function checkFunction(module: ModuleScope, declaration: FunctionDeclaration): Fn {
  const { at, name } = declaration
  if (declaration.returns === null) {
    fail(module.source, at, `"${name}" returns nothing`, 'a function of a kernel does nothing but return a value')
  }
  const scope = new Scope()
  const expressions = new ExpressionChecker(module, scope)
  const returns = module.type(declaration.returns, expressions)
  const statements = new StatementChecker(expressions, returns)
  const parameters = declaration.parameters.map((parameter) =>
    statements.declareLocal(parameter.at, parameter.name, module.type(parameter.type, expressions), false),
  )
  const body = statements.block(declaration.body)
  if (completes(body))
    fail(module.source, declaration.end, `"${name}" can end without returning ${typeName(returns)}`, 'add a return at its end')
  return { name, at, parameters, returns, body }
}

function checkSize(source: string, fn: Fn, sizes: Map<Fn, FunctionSize>): FunctionSize {
  const size = measure(fn, sizes)
  if (size.depth > MAX_CALL_DEPTH) fail(source, fn.at, `"${fn.name}" calls functions more than ${MAX_CALL_DEPTH} deep`, 'flatten the calls')
  if (size.operations > MAX_INLINED_SIZE) {
    fail(
      source,
      fn.at,
      `"${fn.name}" has ${size.operations} operations once its calls are written out; ${MAX_INLINED_SIZE} are possible`,
      'call less, loop more',
    )
  }
  if (size.words > MAX_ARRAY_WORDS)
    fail(source, fn.at, `the variables of "${fn.name}" have ${size.words} words; ${MAX_ARRAY_WORDS} are possible`)
  return size
}

function checkEntry({ manifest, source }: Kernel, fn: Fn): number {
  const [id] = fn.parameters
  if (fn.parameters.length !== 1 || !sameType(id!.type, vector(3, 'u32'))) {
    fail(source, fn.at, 'the function "kernel" takes the index of its item and nothing else', 'write fn kernel(id: vec3<u32>) -> …')
  }
  const { element, elementsPerItem } = manifest.output
  if (!Number.isInteger(elementsPerItem) || elementsPerItem < 1 || elementsPerItem * 4 > MAX_OUTPUT_BYTES / 1024) {
    throw new KernelError(
      `the manifest's output has ${elementsPerItem} elements per item: 1 to ${MAX_OUTPUT_BYTES / 4096} are possible`,
      0,
      0,
    )
  }
  const words = scalarCount(fn.returns)
  if (words !== elementsPerItem || !consistsOf(fn.returns, element)) {
    const expected =
      elementsPerItem === 1
        ? element
        : elementsPerItem <= 4
          ? typeName(vector(elementsPerItem, element))
          : `array<${element}, ${elementsPerItem}>`
    fail(
      source,
      fn.at,
      `"kernel" returns ${typeName(fn.returns)}, but the manifest's output is ${elementsPerItem} × ${element}`,
      `return ${expected}`,
    )
  }
  if (manifest.reduce === 'sum' && element === 'f32' && manifest.compare.rule === 'exact') {
    throw new KernelError(
      'a sum of f32 depends on its order and cannot be compared exactly',
      0,
      0,
      'sum integers, or compare with a tolerance',
    )
  }
  return words
}

function consistsOf(type: Type, element: string): boolean {
  if (type.kind === 'array') return consistsOf(type.element, element)
  if (type.kind === 'struct') return type.members.every((member) => consistsOf(member.type, element))
  return componentOf(type) === element && componentCount(type) >= 1
}
