//! tract plans that give the host's scheduler a moment between their nodes.
//!
//! A crate of its own, because not every stage that breathes has a model, and features are shared by all that are built together.

use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{Node, OpState};
use tract_onnx::tract_core::plan::{self, EvalContext};

use colloquy_breathe::breathe;

/// Runs a plan as its own `run` does, with a [`breathe`] before each node. The longest node of the models here takes some tens of
/// milliseconds; the plan of a recogniser takes seconds.
///
/// # Errors
/// Those of the plan.
pub fn run(plan: &Arc<TypedSimplePlan>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
    let evaluate = |context: &EvalContext<'_>,
                    state: Option<&mut (dyn OpState + 'static)>,
                    node: &Node<TypedFact, Box<dyn TypedOp>>,
                    inputs: TVec<TValue>|
     -> TractResult<TVec<TValue>> {
        breathe();
        plan::eval(context, state, node, inputs)
    };
    plan.spawn()?.run_plan_with_eval(inputs, evaluate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_gives_what_it_gives_alone() {
        let mut model = TypedModel::default();
        let x = model.add_source("x", f32::fact([3])).unwrap();
        let y = model.add_const("y", tensor1(&[1f32, 2.0, 3.0])).unwrap();
        let sum = tract_onnx::tract_core::ops::math::add();
        let sum = model.wire_node("sum", sum, &[x, y]).unwrap();
        model.select_output_outlets(&sum).unwrap();
        let plan = model.into_optimized().unwrap().into_runnable().unwrap();
        let inputs = || tvec!(tensor1(&[10f32, 20.0, 30.0]).into_tvalue());
        let breathing = run(&plan, inputs()).unwrap();
        assert_eq!(breathing, plan.run(inputs()).unwrap());
        assert_eq!(breathing[0], tensor1(&[11f32, 22.0, 33.0]).into_tvalue());
        // Too few inputs: an error, not a panic.
        assert!(run(&plan, tvec!()).is_err());
    }
}
