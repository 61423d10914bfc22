//! Keeping many calls in one transaction, each with its own answer.
//!
//! A batch that cannot be kept because of what it holds is taken apart, so that one call that cannot be kept does not take the others with it. Whatever
//! else is in the way (the connection, a full disk) is told to all of it at once.

use std::future::Future;

use leadgate_store::StoreError;
use tokio::sync::oneshot;

use crate::error::Failure;

/// A caller's address, and how many outcomes it waits for.
pub(crate) trait Call: Send {
    /// What comes of one of its parts.
    type Outcome: Send;

    /// How many parts it has.
    fn parts(&self) -> usize;

    /// Where it waits.
    fn into_reply(self) -> oneshot::Sender<Result<Vec<Self::Outcome>, StoreError>>;
}

/// Who keeps batches of calls.
pub(crate) trait Keeper: Sync {
    /// What is kept.
    type Call: Call;

    /// Keeps all of them or none. One outcome for each part, in order.
    fn keep(
        &self,
        batch: &[Self::Call],
    ) -> impl Future<Output = Result<Vec<<Self::Call as Call>::Outcome>, Failure>> + Send;

    /// Is told what came of a call that was kept, before its caller is.
    fn kept(&self, _call: &Self::Call, _outcomes: &[<Self::Call as Call>::Outcome]) {}
}

/// Keeps calls together, or, where they are refused, each by itself, and answers them.
pub(crate) async fn keep_and_answer<K: Keeper>(keeper: &K, batch: Vec<K::Call>) {
    match keeper.keep(&batch).await {
        Err(failure) if failure.is_refused() && batch.len() > 1 => {
            for call in batch {
                let alone = vec![call];
                let kept = keeper.keep(&alone).await;
                answer(keeper, alone, kept);
            }
        }
        kept => answer(keeper, batch, kept),
    }
}

fn answer<K: Keeper>(keeper: &K, batch: Vec<K::Call>, kept: Result<Vec<<K::Call as Call>::Outcome>, Failure>) {
    let mut kept = kept.map(Vec::into_iter).map_err(StoreError::from);
    for call in batch {
        let own = match &mut kept {
            Ok(outcomes) => Ok(outcomes.by_ref().take(call.parts()).collect::<Vec<_>>()),
            Err(error) => Err(error.clone()),
        };
        if let Ok(outcomes) = &own {
            keeper.kept(&call, outcomes);
        }
        // A caller that went away is not told; what it asked for is done.
        let _ = call.into_reply().send(own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps numbers, but no 13.
    struct Superstitious;

    struct Numbers(Vec<u32>, oneshot::Sender<Result<Vec<u32>, StoreError>>);

    impl Call for Numbers {
        type Outcome = u32;

        fn parts(&self) -> usize {
            self.0.len()
        }

        fn into_reply(self) -> oneshot::Sender<Result<Vec<u32>, StoreError>> {
            self.1
        }
    }

    impl Keeper for Superstitious {
        type Call = Numbers;

        async fn keep(&self, batch: &[Numbers]) -> Result<Vec<u32>, Failure> {
            let all: Vec<u32> = batch.iter().flat_map(|call| call.0.clone()).collect();
            let refusal = || sqlx::Error::ColumnDecode { index: "0".to_owned(), source: "it is 13".into() };
            if all.contains(&13) { Err(refusal().into()) } else { Ok(all) }
        }
    }

    #[tokio::test]
    async fn one_that_cannot_be_kept_does_not_take_the_others_with_it() {
        let (mut batch, mut answers) = (Vec::new(), Vec::new());
        for numbers in [vec![1, 2], vec![13, 3], vec![4]] {
            let (reply, answer) = oneshot::channel();
            batch.push(Numbers(numbers, reply));
            answers.push(answer);
        }
        keep_and_answer(&Superstitious, batch).await;
        let told = futures::future::join_all(answers).await.into_iter().map(Result::unwrap);
        let told: Vec<Option<Vec<u32>>> = told.map(Result::ok).collect();
        assert_eq!(told, [Some(vec![1, 2]), None, Some(vec![4])]);
    }
}
