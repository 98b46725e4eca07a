import { describe, expect, it } from 'vitest'
import { testKernel } from '../test-kernel.ts'
import { checkKernel } from './check.ts'
import { compileToShader } from './gpu-backend.ts'

describe('the shader of a kernel', () => {
  it('writes every operand once, however deep operations on vectors are nested', () => {
    const nested = (depth: number): number => {
      const value = `${'multiplyHigh(bitcast<vec4<u32>>(bitcast<vec4<f32>>('.repeat(depth)}v${')), v)'.repeat(depth)}`
      const kernel = testKernel(`fn kernel(id: vec3<u32>) -> vec4<u32> { let v = vec4(id.x); return ${value}; }`, { elementsPerItem: 4 })
      return compileToShader(checkKernel(kernel), kernel.manifest).code.length
    }
    expect(nested(6) - nested(5)).toBe(nested(2) - nested(1))
  })
})
