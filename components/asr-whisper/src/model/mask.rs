//! What a token sees of those before it. Masks are added to the attention scores: zero to see, minus infinity not to.

use tract_onnx::tract_hir::internal::*;

/// One of several texts with the same beginning, and its next token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What comes next.
    pub token: u32,
    /// Its tokens since the common beginning: the numbers, in order, that they have among all tokens fed since then.
    pub before: Vec<usize>,
}

/// What each of `new` tokens must not see: those after it. Added to the attention scores, `[new, past + new]`.
pub(super) fn causal_mask(past: usize, new: usize) -> TractResult<Tensor> {
    let row = |token: usize| {
        (0..past + new).map(move |seen| {
            if seen > past + token {
                f32::NEG_INFINITY
            } else {
                0.0
            }
        })
    };
    let values: Vec<f32> = (0..new).flat_map(row).collect();
    Tensor::from_shape(&[new, past + new], &values)
}

/// What each branch must not see: everything after the trunk that is not its own. `[branches, past + branches]`.
pub(super) fn branch_mask(past: usize, trunk: usize, branches: &[Branch]) -> TractResult<Tensor> {
    let all = past + branches.len();
    let mut values = vec![f32::NEG_INFINITY; branches.len() * all];
    for (index, (branch, row)) in branches
        .iter()
        .zip(values.chunks_exact_mut(all))
        .enumerate()
    {
        let own = branch.before.iter().map(|number| trunk + number);
        for seen in (0..trunk).chain(own).chain([past + index]) {
            *row.get_mut(seen).context("a branch grows from nothing")? = 0.0;
        }
    }
    Tensor::from_shape(&[branches.len(), all], &values)
}

#[cfg(test)]
mod tests {
    use super::super::attention::floats;
    use super::*;

    /// A row for each new token, with `x` for what it sees.
    fn shown(mask: &Tensor) -> Vec<String> {
        let all = mask.shape()[1];
        let seen = |value: &f32| match *value {
            0.0 => 'x',
            f32::NEG_INFINITY => '.',
            other => panic!("{other}"),
        };
        let rows = floats(mask).unwrap().chunks_exact(all);
        rows.map(|row| row.iter().map(seen).collect()).collect()
    }

    #[test]
    fn a_token_sees_itself_and_those_before_it() {
        let mask = causal_mask(2, 3).unwrap();
        assert_eq!(shown(&mask), ["xxx..", "xxxx.", "xxxxx"]);
        assert_eq!(shown(&causal_mask(0, 1).unwrap()), ["x"]);
    }

    #[test]
    fn a_branch_sees_the_trunk_and_itself() {
        let branch = |before: &[usize]| Branch {
            token: 7,
            before: before.to_vec(),
        };
        // A trunk of two; three tokens were fed since, the last of them after the first.
        let first = [branch(&[]), branch(&[])];
        assert_eq!(shown(&branch_mask(2, 2, &first).unwrap()), ["xxx.", "xx.x"]);
        let later = [branch(&[0, 2]), branch(&[1])];
        assert_eq!(
            shown(&branch_mask(5, 2, &later).unwrap()),
            ["xxx.xx.", "xx.x..x"]
        );
        assert!(branch_mask(2, 2, &[branch(&[9])]).is_err());
    }
}
