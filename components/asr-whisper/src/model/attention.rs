//! Attention of the decoder as one operator.
//!
//! Written as two matrix products and a softmax, attention makes tract repack all keys and values at every step, because they are
//! inputs and not weights: with 1500 positions of audio that is most of the time of a step. This operator reads them where they are.
//! In the graph it is ONNX's standard `Attention` (operator set 23) with heads already split and queries already scaled, so other
//! runtimes can run the same file. It does nothing else of what that operator can do.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::embeddings::{LANES, dot_of_floats};

/// Queries `[1, heads, new, size]`, keys and values `[1, heads, all, size]`, and optionally a mask `[new, all]` that is added to the
/// scores. Gives `[1, heads, new, size]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Attention;

/// Reads the node of an ONNX graph.
pub(super) fn parse(
    _: &ParsingContext,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    ensure!(
        (3..=4).contains(&node.input.len()) && node.output.len() == 1,
        "only attention without caches is supported"
    );
    ensure!(
        node.get_attr_opt::<f32>("scale")? == Some(1.0),
        "queries have to be scaled already"
    );
    Ok((expand(Attention), vec![]))
}

impl Expansion for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_output_arity(outputs, 1)?;
        let [query, key, value, ..] = inputs else {
            bail!("attention has {} inputs", inputs.len())
        };
        let [output] = outputs else {
            bail!("attention has one output")
        };
        solver.equals(&query.datum_type, &output.datum_type)?;
        solver.equals(&query.shape, &output.shape)?;
        solver.equals(&key.shape, &value.shape)?;
        solver.equals(&query.rank, 4)
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, Attention, inputs)
    }
}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    op_as_typed_op!();
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let query = inputs.first().context("attention without queries")?;
        Ok(tvec!(query.without_value()))
    }

    as_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [query, key, value, mask @ ..] = inputs.as_slice() else {
            bail!("attention has {} inputs", inputs.len())
        };
        let &[1, heads, new, size] = query.shape() else {
            bail!("queries are {:?}", query.shape())
        };
        let &[1, _, all, _] = key.shape() else {
            bail!("keys are {:?}", key.shape())
        };
        let expected = [1, heads, all, size];
        ensure!(
            size > 0
                && size.is_multiple_of(LANES)
                && key.shape() == expected
                && value.shape() == expected,
            "keys {:?}, values {:?}",
            key.shape(),
            value.shape()
        );
        let mask = mask.first().map_or(Ok(&[][..]), |mask| floats(mask))?;

        let mut output = Tensor::zero::<f32>(query.shape())?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let outputs = plain.as_slice_mut::<f32>()?.chunks_exact_mut(size);
        let queries = floats(query)?.chunks_exact(size);
        let head = (all * size).max(1);
        let (mut keys, mut values) = (
            floats(key)?.chunks_exact(head),
            floats(value)?.chunks_exact(head),
        );
        let mut weights = vec![0.0; all];
        let mut of_head: (&[f32], &[f32]) = (&[], &[]);
        for (index, (query, output)) in queries.zip(outputs).enumerate() {
            let row = index % new;
            if row == 0 {
                of_head = (
                    keys.next().unwrap_or_default(),
                    values.next().unwrap_or_default(),
                );
            }
            let mask = mask.get(row * all..(row + 1) * all).unwrap_or_default();
            attend(query, of_head.0, of_head.1, mask, &mut weights, output);
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

/// The values of a tensor, where they are.
pub(super) fn floats(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.try_as_plain_ram()?.as_slice()
}

/// One query of one head. `output` starts as zeros.
fn attend(
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    mask: &[f32],
    weights: &mut [f32],
    output: &mut [f32],
) {
    let size = query.len();
    for (weight, key) in weights.iter_mut().zip(keys.chunks_exact(size)) {
        *weight = dot_of_floats(query, key);
    }
    weights
        .iter_mut()
        .zip(mask)
        .for_each(|(weight, mask)| *weight += mask);
    let highest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for weight in weights.iter_mut() {
        *weight = (*weight - highest).exp();
        sum += *weight;
    }
    for (&weight, value) in weights.iter().zip(values.chunks_exact(size)) {
        let weight = weight / sum;
        output
            .iter_mut()
            .zip(value)
            .for_each(|(output, value)| *output += weight * value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: usize = 2;
    const SIZE: usize = LANES;

    fn tensor(positions: usize, value: impl Fn(usize, usize, usize) -> f32) -> Tensor {
        let mut values = Vec::new();
        for head in 0..HEADS {
            for position in 0..positions {
                values.extend((0..SIZE).map(|column| value(head, position, column)));
            }
        }
        Tensor::from_shape(&[1, HEADS, positions, SIZE], &values).unwrap()
    }

    fn run(inputs: TVec<TValue>) -> TractResult<Vec<f32>> {
        let output = Attention
            .eval(&EvalContext::out_of_plan(), inputs)?
            .remove(0);
        Ok(output.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }

    /// The textbook formula in double precision.
    fn expected(
        query: &[f32],
        keys: &[f32],
        values: &[f32],
        mask: Option<&[f32]>,
        new: usize,
        all: usize,
    ) -> Vec<f64> {
        let mut result = Vec::new();
        for head in 0..HEADS {
            for row in 0..new {
                let score = |position: usize| -> f64 {
                    let products = (0..SIZE).map(|c| {
                        let (q, k) = (
                            query[(head * new + row) * SIZE + c],
                            keys[(head * all + position) * SIZE + c],
                        );
                        f64::from(q) * f64::from(k)
                    });
                    (products.sum::<f64>()
                        + mask.map_or(0.0, |mask| f64::from(mask[row * all + position])))
                    .exp()
                };
                let sum: f64 = (0..all).map(score).sum();
                result.extend((0..SIZE).map(|c| {
                    (0..all)
                        .map(|p| score(p) / sum * f64::from(values[(head * all + p) * SIZE + c]))
                        .sum::<f64>()
                }));
            }
        }
        result
    }

    fn check(new: usize, all: usize, mask: Option<Vec<f32>>) {
        let wave = |scale: f32| {
            move |h: usize, p: usize, c: usize| ((h * 31 + p * 7 + c) as f32 * scale).sin()
        };
        let tensors = [
            tensor(new, wave(0.37)),
            tensor(all, wave(0.11)),
            tensor(all, wave(0.73)),
        ];
        let plain = |index: usize| {
            tensors[index]
                .try_as_plain_ram()
                .unwrap()
                .as_slice::<f32>()
                .unwrap()
                .to_vec()
        };
        let expected = expected(&plain(0), &plain(1), &plain(2), mask.as_deref(), new, all);
        let mut inputs: TVec<TValue> = tensors.iter().cloned().map(Tensor::into_tvalue).collect();
        inputs.extend(mask.map(|mask| {
            Tensor::from_shape(&[new, all], &mask)
                .unwrap()
                .into_tvalue()
        }));
        let output = run(inputs).unwrap();
        assert_eq!(output.len(), expected.len());
        for (output, expected) in output.iter().zip(expected) {
            assert!(
                (f64::from(*output) - expected).abs() < 1e-5,
                "{output} is not {expected}"
            );
        }
    }

    #[test]
    fn equals_the_textbook_formula() {
        check(1, 9, None);
        check(1, 1, Some(vec![0.0]));
        check(3, 5, None);
        let never = f32::NEG_INFINITY;
        check(2, 4, Some(vec![0.0, 0.0, 0.0, never, 0.0, 0.0, 0.0, 0.0]));
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let make = |positions| tensor(positions, |_, _, _| 1.0).into_tvalue();
        assert!(run(tvec!(make(1), make(4), make(5))).is_err());
        assert!(run(tvec!(make(1), make(4))).is_err());
        let flat = Tensor::zero::<f32>(&[4, SIZE]).unwrap().into_tvalue();
        assert!(run(tvec!(make(1), flat.clone(), flat)).is_err());
    }
}
