import { checkKernel } from './check.ts'
import type { Fn } from './ir.ts'

/**
 * Transcendental functions for the CPU engine, written in the kernel language itself. Accuracy is within what the WGSL
 * specification allows (section "Floating Point Accuracy"); results are the same on every machine.
 * Formulas: argument reduction by Cody and Waite, polynomials of Taylor's series on the reduced range.
 */
const SOURCE = `
fn library_exp2(x: f32) -> f32 {
  let limited = clamp(x, -150.0, 128.0);
  let whole = round(limited);
  let r = (limited - whole) * 0.6931471805599453;
  let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666668 + r * (0.008333334 + r * 0.0013888889)))));
  let half = i32(whole) / 2;
  let rest = i32(whole) - half;
  let result = p * bitcast<f32>((half + 127) << 23) * bitcast<f32>((rest + 127) << 23);
  return select(result, x, x != x);
}
fn library_exp(x: f32) -> f32 {
  let limited = clamp(x, -104.0, 89.0);
  let whole = round(limited * 1.4426950408889634);
  let r = (limited - whole * 0.693359375) - whole * -0.00021219444;
  let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666668 + r * (0.008333334 + r * 0.0013888889)))));
  let half = i32(whole) / 2;
  let rest = i32(whole) - half;
  let result = p * bitcast<f32>((half + 127) << 23) * bitcast<f32>((rest + 127) << 23);
  return select(result, x, x != x);
}
fn library_log2(x: f32) -> f32 { return library_log(x) * 1.4426950408889634; }
fn library_log(x: f32) -> f32 {
  let tiny = x < 1.17549435e-38;
  let scaled = select(x, x * 8388608.0, tiny);
  let bits = bitcast<i32>(scaled);
  var exponent = ((bits >> 23u) & 255) - 127 - select(0, 23, tiny);
  var m = bitcast<f32>((bits & 0x7fffff) | 0x3f800000);
  if (m > 1.4142135) {
    m = m * 0.5;
    exponent = exponent + 1;
  }
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let series = 2.0 * s * (1.0 + z * (0.33333334 + z * (0.2 + z * (0.14285715 + z * 0.11111111))));
  let e = f32(exponent);
  let result = e * 0.693359375 + (series + e * -0.00021219444);
  let infinite = bitcast<f32>((bits & 0) | 0x7f800000);
  let none = bitcast<f32>((bits & 0) | 0x7fc00000);
  if (x == 0.0) { return -infinite; }
  if (x < 0.0) { return none; }
  return select(result, x, x == infinite || x != x);
}
fn library_pow(x: f32, y: f32) -> f32 {
  let result = library_exp2(y * library_log2(x));
  return select(result, 1.0, y == 0.0 || x == 1.0);
}
fn reduced(x: f32, turns: f32) -> f32 {
  return ((x - turns * 1.5703125) - turns * 0.00048351288) - turns * 3.138557e-7;
}
fn sine(r: f32) -> f32 {
  let z = r * r;
  return r + r * z * (-0.16666667 + z * (0.008333333 + z * (-0.0001984127 + z * 2.7557319e-6)));
}
fn cosine(r: f32) -> f32 {
  let z = r * r;
  return 1.0 + z * (-0.5 + z * (0.041666668 + z * (-0.0013888889 + z * 2.4801588e-5)));
}
fn library_sin(x: f32) -> f32 {
  let turns = round(x * 0.63661977);
  let r = reduced(x, turns);
  let quadrant = i32(turns) & 3;
  let value = select(sine(r), cosine(r), (quadrant & 1) == 1);
  return select(value, -value, quadrant >= 2);
}
fn library_cos(x: f32) -> f32 {
  let turns = round(x * 0.63661977);
  let r = reduced(x, turns);
  let quadrant = (i32(turns) + 1) & 3;
  let value = select(sine(r), cosine(r), (quadrant & 1) == 1);
  return select(value, -value, quadrant >= 2);
}
fn library_tan(x: f32) -> f32 { return library_sin(x) / library_cos(x); }
fn kernel(id: vec3<u32>) -> f32 {
  let x = f32(id.x);
  return library_exp2(x) + library_exp(x) + library_log(x) + library_log2(x) + library_pow(x, x) + library_sin(x) + library_cos(x) + library_tan(x);
}
`

let functions: Map<string, Fn> | null = null

/** The function that computes a builtin such as `exp` on one f32. Throws for a name that is none of the library's. */
export function libraryFunction(name: string): Fn {
  functions ??= new Map(checkLibrary().map((fn) => [fn.name, fn]))
  const fn = functions.get(`library_${name}`)
  if (fn === undefined) throw new Error(`the float library has no function "${name}"`)
  return fn
}

function checkLibrary(): Fn[] {
  const manifest = {
    name: 'float-library',
    version: '1',
    title: '',
    description: '',
    licence: 'MIT',
    parameters: [],
    input: { kind: 'none' as const },
    space: { from: 'parameters' as const, axes: [] },
    output: { element: 'f32' as const, elementsPerItem: 1 },
    reduce: 'concat' as const,
    compare: { rule: 'exact' as const },
    preview: 'bytes' as const,
    fuelPerItem: 1,
  }
  return checkKernel({ manifest, source: SOURCE }).functions
}
