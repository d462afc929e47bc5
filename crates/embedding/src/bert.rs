//! The network of all-MiniLM-L6-v2: embeddings, six layers of attention and feed-forward, the mean of what comes out.
//!
//! Source: Devlin et al., "BERT" (2018), in the sizes of the model's `config.json`. Texts of a batch lie end to end in
//! one matrix and attend only within themselves, so nothing is padded and no text's vector depends on its neighbours.

use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::{Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use crate::linear::{After, Kernels, Linear, Precision, Rows, quantised};
use crate::tensors::{BadTensors, Tensors};

/// Numbers of a vector.
pub const DIMENSIONS: usize = 384;
/// Tokens that the vocabulary has.
pub(crate) const VOCABULARY: usize = 30_522;
/// Positions that the published weights have; texts are cut to fewer.
const POSITIONS: usize = 512;
const LAYERS: usize = 6;
const HEADS: usize = 12;
const HEAD: usize = DIMENSIONS / HEADS;
const INNER: usize = 1_536;
/// `layer_norm_eps`.
const EPSILON: f32 = 1e-12;
/// Rows of the feed-forward part that are computed at once: what is between its layers stays in the cache.
const BLOCK: usize = 64;

/// What a text means, as a direction: its length is 1, so a dot product is a cosine.
pub type Vector = [f32; DIMENSIONS];

struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    fn read(tensors: &mut Tensors, name: &str) -> Result<Self, BadTensors> {
        Ok(Self {
            gain: tensors.read(&format!("{name}.weight"), &[DIMENSIONS])?,
            bias: tensors.read(&format!("{name}.bias"), &[DIMENSIONS])?,
        })
    }

    /// Brings each row to mean 0 and variance 1, then to the learned gain and bias.
    fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(DIMENSIONS) {
            let mean = Sum::new(row).dispatch() / DIMENSIONS as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / DIMENSIONS as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + EPSILON).sqrt(),
                element_scale: Some(&self.gain),
                bias: 0.0,
                element_bias: Some(&self.bias),
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

struct Layer {
    /// Query, key and value of a row, side by side.
    question: Linear,
    mix: Linear,
    mix_norm: Norm,
    widen: Linear,
    narrow: Linear,
    out_norm: Norm,
}

impl Layer {
    fn read(tensors: &mut Tensors, number: usize, precision: Precision) -> Result<Self, BadTensors> {
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for part in ["query", "key", "value"] {
            let part = name(&format!("attention.self.{part}"));
            weights.extend(tensors.read(&format!("{part}.weight"), &[DIMENSIONS, DIMENSIONS])?);
            bias.extend(tensors.read(&format!("{part}.bias"), &[DIMENSIONS])?);
        }
        let mut linear = |part: &str, inputs: usize, outputs: usize| {
            let weights = tensors.read(&format!("{}.weight", name(part)), &[outputs, inputs])?;
            let bias = tensors.read(&format!("{}.bias", name(part)), &[outputs])?;
            Ok::<_, BadTensors>(Linear::new(&weights, bias, inputs, precision))
        };
        Ok(Self {
            question: Linear::new(&weights, bias, DIMENSIONS, precision),
            mix: linear("attention.output.dense", DIMENSIONS, DIMENSIONS)?,
            widen: linear("intermediate.dense", DIMENSIONS, INNER)?,
            narrow: linear("output.dense", INNER, DIMENSIONS)?,
            mix_norm: Norm::read(tensors, &name("attention.output.LayerNorm"))?,
            out_norm: Norm::read(tensors, &name("output.LayerNorm"))?,
        })
    }

    fn apply(&self, kernels: &Kernels, precision: Precision, rows: &mut [f32], lengths: &[usize]) {
        let asked = self.question.apply(kernels, &Rows::new(rows, DIMENSIONS, precision), After::Nothing);
        let seen = attend(kernels, &asked, lengths);
        let mixed = self.mix.apply(kernels, &Rows::new(&seen, DIMENSIONS, precision), After::Nothing);
        add(rows, &mixed);
        self.mix_norm.apply(rows);
        for block in rows.chunks_mut(BLOCK * DIMENSIONS) {
            let wide = self.widen.apply(kernels, &Rows::new(block, DIMENSIONS, precision), After::Gelu);
            let out = self.narrow.apply(kernels, &Rows::new(&wide, INNER, precision), After::Nothing);
            add(block, &out);
        }
        self.out_norm.apply(rows);
    }
}

/// What each token takes from the tokens of its own text: `asked` has query, key and value of a token in each row.
fn attend(kernels: &Kernels, asked: &[f32], lengths: &[usize]) -> Vec<f32> {
    let row = 3 * DIMENSIONS;
    let mut seen = vec![0.0; asked.len() / 3];
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let (mut weights, mut values) = (vec![0.0; longest * longest], vec![0.0; longest * HEAD]);
    let mut from = 0;
    for &length in lengths {
        let text = NdTensorView::from_data([length, row], &asked[from * row..(from + length) * row]);
        let (weights, values) = (&mut weights[..length * length], &mut values[..length * HEAD]);
        for head in 0..HEADS {
            let part = |of: usize| {
                text.slice((.., of * DIMENSIONS + head * HEAD..of * DIMENSIONS + (head + 1) * HEAD))
            };
            kernels.multiply(part(0), part(1).transposed(), 1.0 / (HEAD as f32).sqrt(), weights);
            for row in weights.chunks_exact_mut(length) {
                Softmax::new_mut(row).dispatch();
            }
            kernels.multiply(NdTensorView::from_data([length, length], &*weights), part(2), 1.0, values);
            let rows = seen[from * DIMENSIONS..].chunks_exact_mut(DIMENSIONS);
            for (row, value) in rows.zip(values.chunks_exact(HEAD)) {
                row[head * HEAD..(head + 1) * HEAD].copy_from_slice(value);
            }
        }
        from += length;
    }
    seen
}

fn add(rows: &mut [f32], more: &[f32]) {
    for (number, more) in rows.iter_mut().zip(more) {
        *number += more;
    }
}

/// The vectors of tokens, in 8 bits if the layers are: half of the model's numbers are here.
enum Table {
    Int8 { bytes: Vec<i8>, scales: Vec<f32> },
    Float(Vec<f32>),
}

impl Table {
    fn new(numbers: Vec<f32>, precision: Precision) -> Self {
        match precision {
            Precision::Float => Self::Float(numbers),
            Precision::Int8 => {
                let (scales, bytes) = quantised(&numbers, DIMENSIONS, 127.0);
                Self::Int8 { bytes, scales }
            }
        }
    }

    fn add_to(&self, row: &mut [f32], at: usize) {
        let part = at * DIMENSIONS..(at + 1) * DIMENSIONS;
        match self {
            Self::Float(numbers) => add(row, &numbers[part]),
            Self::Int8 { bytes, scales } => {
                for (number, byte) in row.iter_mut().zip(&bytes[part]) {
                    *number += f32::from(*byte) * scales[at];
                }
            }
        }
    }
}

/// The network with its weights.
pub(crate) struct Bert {
    words: Table,
    /// Position and the one type of segment, added up.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    precision: Precision,
}

impl Bert {
    pub(crate) fn read(tensors: &mut Tensors, precision: Precision) -> Result<Self, BadTensors> {
        let words = tensors.read("embeddings.word_embeddings.weight", &[VOCABULARY, DIMENSIONS])?;
        let words = Table::new(words, precision);
        let segments = tensors.read("embeddings.token_type_embeddings.weight", &[2, DIMENSIONS])?;
        let mut positions =
            tensors.read("embeddings.position_embeddings.weight", &[POSITIONS, DIMENSIONS])?;
        for position in positions.chunks_exact_mut(DIMENSIONS) {
            add(position, &segments[..DIMENSIONS]);
        }
        Ok(Self {
            words,
            positions,
            norm: Norm::read(tensors, "embeddings.LayerNorm")?,
            layers: (0..LAYERS)
                .map(|number| Layer::read(tensors, number, precision))
                .collect::<Result<_, _>>()?,
            precision,
        })
    }

    /// The vectors of texts, each given by its ids: at least one, no more than the model has positions.
    pub(crate) fn vectors(&self, texts: &[&[u32]]) -> Vec<Vector> {
        let kernels = Kernels::new();
        let lengths: Vec<usize> = texts.iter().map(|ids| ids.len()).collect();
        let mut rows = vec![0.0; lengths.iter().sum::<usize>() * DIMENSIONS];
        let places = texts.iter().flat_map(|ids| ids.iter().zip(self.positions.chunks_exact(DIMENSIONS)));
        for (row, (id, position)) in rows.chunks_exact_mut(DIMENSIONS).zip(places) {
            row.copy_from_slice(position);
            self.words.add_to(row, *id as usize);
        }
        self.norm.apply(&mut rows);
        for layer in &self.layers {
            layer.apply(&kernels, self.precision, &mut rows, &lengths);
        }
        let mut rest = &rows[..];
        let texts = lengths.iter().map(|length| {
            let (text, after) = rest.split_at(length * DIMENSIONS);
            rest = after;
            mean_direction(text)
        });
        texts.collect()
    }
}

/// The mean of the rows, at length 1.
fn mean_direction(rows: &[f32]) -> Vector {
    let mut mean = [0.0; DIMENSIONS];
    for row in rows.chunks_exact(DIMENSIONS) {
        add(&mut mean, row);
    }
    let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    mean.map(|x| x / length)
}
