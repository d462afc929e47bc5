//! A layer of a network: rows of numbers times a matrix of weights, plus a bias; in 8-bit integers or in floats.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::ops::{BitOps, NumOps, ToFloat};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{ExtendInit, Gelu, MinMax, Quantize};

/// In which numbers the layers compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 8-bit integers: weights scaled per output, inputs per row. A quarter of the memory and several times the speed;
    /// the cosine of a vector to the exact one is .996 in the reference texts at the least, and .992 on a processor without
    /// VNNI, where a weight has 7 bits.
    #[default]
    Int8,
    /// 32-bit floats: what the model was published with.
    Float,
}

/// The products of this processor's best kernels. Made where they are used: an executor may not change threads.
pub(crate) struct Kernels {
    pub(crate) float: GemmExecutor,
    int8: GemmExecutor<u8, i8, i32>,
}

impl Kernels {
    pub(crate) fn new() -> Self {
        Self { float: GemmExecutor::new(), int8: GemmExecutor::new() }
    }

    /// What the kernels are called: they name the instructions that they use.
    pub(crate) fn name(&self, precision: Precision) -> &str {
        match precision {
            Precision::Int8 => self.int8.kernel_name(),
            Precision::Float => self.float.kernel_name(),
        }
    }

    /// Writes `a` times `b`, times `alpha`, to `into`.
    #[expect(
        clippy::expect_used,
        reason = "the sizes are equal by construction: load refuses all other weights"
    )]
    pub(crate) fn multiply(
        &self,
        a: NdTensorView<'_, f32, 2>,
        b: NdTensorView<'_, f32, 2>,
        alpha: f32,
        into: &mut [f32],
    ) {
        let options = GemmOptions { alpha, ..GemmOptions::default() };
        self.float
            .gemm(into, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options)
            .expect("matrices that fit each other");
    }
}

/// Rows of equal length as a layer takes them: with the 8-bit copy if the layers compute in it.
pub(crate) struct Rows<'a> {
    float: &'a [f32],
    width: usize,
    bytes: Vec<u8>,
    /// What each row's bytes are to be multiplied with.
    scales: Vec<f32>,
    /// The byte that stands for zero in each row.
    zeros: Vec<i32>,
}

impl<'a> Rows<'a> {
    /// `float` seen as rows of `width` numbers.
    pub(crate) fn new(float: &'a [f32], width: usize, precision: Precision) -> Self {
        let count = float.len() / width;
        let mut rows = Self { float, width, bytes: Vec::new(), scales: Vec::new(), zeros: Vec::new() };
        if precision == Precision::Int8 {
            rows.bytes.reserve_exact(float.len());
            rows.scales.reserve_exact(count);
            rows.zeros.reserve_exact(count);
            for row in float.chunks_exact(width) {
                let (least, most) = MinMax::new(row).dispatch();
                let (least, most) = (least.min(0.0), most.max(0.0));
                let scale = ((most - least) / 255.0).max(f32::MIN_POSITIVE);
                let zero = (-least / scale).round().clamp(0.0, 255.0) as u8;
                rows.bytes
                    .extend_init(|free| Quantize::new(row, &mut free[..width], 1.0 / scale, zero).dispatch());
                rows.scales.push(scale);
                rows.zeros.push(i32::from(zero));
            }
        }
        rows
    }

    fn count(&self) -> usize {
        self.float.len() / self.width
    }
}

/// What is done to a layer's output before it is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    Gelu,
}

enum Weights {
    Int8 {
        matrix: PackedBMatrix<i8>,
        /// What each output's sums are to be multiplied with.
        scales: Vec<f32>,
        /// The sum of each output's weights: what a row's zero adds to its sums, as often as its byte says.
        totals: Vec<i32>,
    },
    Float(PackedBMatrix<f32>),
}

/// Weights and bias of one layer.
pub(crate) struct Linear {
    weights: Weights,
    bias: Vec<f32>,
    inputs: usize,
}

impl Linear {
    /// A layer of `bias.len()` outputs; `weights` has a row of `inputs` numbers for each.
    pub(crate) fn new(weights: &[f32], bias: Vec<f32>, inputs: usize, precision: Precision) -> Self {
        let kernels = Kernels::new();
        let outputs = bias.len();
        let weights = match precision {
            Precision::Float => {
                let matrix = NdTensorView::from_data([outputs, inputs], weights);
                Weights::Float(kernels.float.prepack_b(matrix.transposed()))
            }
            Precision::Int8 => {
                // Without VNNI the kernel adds two products in 16 bits: 2 × 255 × 63 is the most that fits.
                let most = if kernels.int8.may_saturate() { 63.0 } else { 127.0 };
                let (scales, bytes) = quantised(weights, inputs, most);
                let totals =
                    bytes.chunks_exact(inputs).map(|row| row.iter().map(|&byte| i32::from(byte)).sum());
                let totals = totals.collect();
                let matrix = NdTensorView::from_data([outputs, inputs], &bytes[..]);
                Weights::Int8 { matrix: kernels.int8.prepack_b(matrix.transposed()), scales, totals }
            }
        };
        Self { weights, bias, inputs }
    }

    /// The layer's output for each row, followed by `after`.
    #[expect(
        clippy::expect_used,
        reason = "the sizes are equal by construction: load refuses all other weights"
    )]
    pub(crate) fn apply(&self, kernels: &Kernels, rows: &Rows<'_>, after: After) -> Vec<f32> {
        let (count, outputs) = (rows.count(), self.bias.len());
        let mut out = vec![0.0; count * outputs];
        match &self.weights {
            Weights::Float(matrix) => {
                let a = NdTensorView::from_data([count, self.inputs], rows.float);
                let options =
                    GemmOptions { bias: Some(BiasVector::Row(&self.bias)), ..GemmOptions::default() };
                kernels
                    .float
                    .gemm(&mut out, GemmInputA::Unpacked(a), GemmInputB::Packed(matrix), options)
                    .expect("rows as long as the layer has inputs");
                if after == After::Gelu {
                    Gelu {}.map_mut(&mut out);
                }
            }
            Weights::Int8 { matrix, scales, totals } => {
                let mut sums = vec![0; count * outputs];
                let a = NdTensorView::from_data([count, self.inputs], &rows.bytes[..]);
                // The rows' zeros are taken off below, not by the kernel: rten-gemm 0.27 gives the rows after the first
                // panel the zeros of the first panel.
                kernels
                    .int8
                    .gemm(
                        &mut sums,
                        GemmInputA::Unpacked(a),
                        GemmInputB::Packed(matrix),
                        GemmOptions::default(),
                    )
                    .expect("rows as long as the layer has inputs");
                let each = sums.chunks_exact(outputs).zip(out.chunks_exact_mut(outputs));
                for ((sums, out), (&scale, &zero)) in each.zip(rows.scales.iter().zip(&rows.zeros)) {
                    Restore { sums, zero, totals, scale, scales, bias: &self.bias, after, out }.dispatch();
                }
            }
        }
        out
    }
}

/// Each row of `weights` as 8-bit integers up to `most`, and what they are to be multiplied with.
pub(crate) fn quantised(weights: &[f32], width: usize, most: f32) -> (Vec<f32>, Vec<i8>) {
    let mut bytes = Vec::with_capacity(weights.len());
    let scales = weights
        .chunks_exact(width)
        .map(|row| {
            let largest = row.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
            let scale = (largest / most).max(f32::MIN_POSITIVE);
            bytes.extend(row.iter().map(|weight| (weight / scale).round() as i8));
            scale
        })
        .collect();
    (scales, bytes)
}

/// Turns one row of integer sums back into floats, adds the bias and does what comes after.
struct Restore<'a> {
    sums: &'a [i32],
    zero: i32,
    totals: &'a [i32],
    scale: f32,
    scales: &'a [f32],
    bias: &'a [f32],
    after: After,
    out: &'a mut [f32],
}

impl SimdOp for Restore<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (floats, integers) = (isa.f32(), isa.i32());
        let lanes = floats.len();
        let (zero, scale) = (integers.splat(self.zero), floats.splat(self.scale));
        let whole = self.out.len() - self.out.len() % lanes;
        for at in (0..whole).step_by(lanes) {
            let part = at..at + lanes;
            let zeros = integers.mul(zero, integers.load(&self.totals[part.clone()]));
            let sum = integers.to_float(integers.sub(integers.load(&self.sums[part.clone()]), zeros));
            let scale = floats.mul(scale, floats.load(&self.scales[part.clone()]));
            let value = floats.mul_add(sum, scale, floats.load(&self.bias[part.clone()]));
            let value = match self.after {
                After::Nothing => value,
                After::Gelu => Gelu {}.eval(isa, value),
            };
            floats.store(value, &mut self.out[part]);
        }
        // No width of this model leaves a rest; the rule holds for any.
        for at in whole..self.out.len() {
            let sum = self.sums[at] - self.zero * self.totals[at];
            let value = sum as f32 * (self.scale * self.scales[at]) + self.bias[at];
            self.out[at] = value;
            if self.after == After::Gelu {
                Gelu {}.map_mut(&mut self.out[at..=at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let states = std::iter::successors(Some(seed), step).skip(1);
        states.map(|state| (state >> 8) as f32 / (1 << 23) as f32 - 1.0).take(count).collect()
    }

    fn exact(weights: &[f32], bias: &[f32], inputs: usize, rows: &[f32]) -> Vec<f32> {
        let row = |row: &[f32]| {
            let dot = |w: &[f32]| row.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
            weights.chunks(inputs).map(dot).zip(bias).map(|(sum, bias)| sum + bias).collect::<Vec<_>>()
        };
        rows.chunks(inputs).flat_map(row).collect()
    }

    #[test]
    fn both_precisions_compute_the_layer() {
        for (inputs, outputs, count) in [(96, 37, 5), (384, 64, 100), (1536, 48, 65)] {
            check(inputs, outputs, count);
        }
    }

    fn check(inputs: usize, outputs: usize, count: usize) {
        let (weights, bias) = (numbers(inputs * outputs, 1), numbers(outputs, 2));
        // Rows whose zero lies elsewhere in each.
        let shift = |(at, x)| x + (at / inputs % 7) as f32 / 4.0;
        let rows: Vec<f32> = numbers(inputs * count, 3).into_iter().enumerate().map(shift).collect();
        let expected = exact(&weights, &bias, inputs, &rows);
        // Without VNNI a weight has 7 bits.
        let short = if Kernels::new().int8.may_saturate() { 0.04 } else { 0.02 };
        for (precision, tolerance) in [(Precision::Float, 2e-5), (Precision::Int8, short)] {
            let layer = Linear::new(&weights, bias.clone(), inputs, precision);
            let out = layer.apply(&Kernels::new(), &Rows::new(&rows, inputs, precision), After::Nothing);
            let size = (inputs as f32).sqrt();
            let worst = out.iter().zip(&expected).map(|(a, b)| (a - b).abs() / size).fold(0.0, f32::max);
            assert!(worst < tolerance, "{inputs} by {outputs}, {count} rows, {precision:?}: off by {worst}");
        }
    }

    #[test]
    fn a_rows_output_does_not_depend_on_its_neighbours() {
        let (inputs, outputs) = (64, 32);
        let layer = Linear::new(&numbers(inputs * outputs, 1), numbers(outputs, 2), inputs, Precision::Int8);
        let rows = numbers(inputs * 9, 3);
        let apply =
            |rows| layer.apply(&Kernels::new(), &Rows::new(rows, inputs, Precision::Int8), After::Gelu);
        assert_eq!(apply(&rows)[outputs * 8..], apply(&rows[inputs * 8..]));
    }

    #[test]
    fn a_row_of_zeros_gives_the_bias() {
        let layer = Linear::new(&numbers(64, 1), vec![0.5, -2.0], 32, Precision::Int8);
        let out = layer.apply(&Kernels::new(), &Rows::new(&[0.0; 32], 32, Precision::Int8), After::Nothing);
        assert_eq!(out, [0.5, -2.0]);
    }
}
