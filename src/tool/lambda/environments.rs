//! What runs a function: execution environments of their own for parallel invocations, or one Managed Instance.

use super::managed::ManagedInstance;
use super::platform::Platform;
use super::pool::{Pool, PoolLimits};
use crate::apis::queue::Invoker;
use crate::model::function::Function;
use std::io;
use std::rc::Rc;

/// The execution environments of a function.
pub enum Environments {
    Pool(Rc<Pool>),
    Managed(Rc<ManagedInstance>),
}

impl Environments {
    /// Starts the first one, if that is wanted before there is an invocation. Init goes on in the background.
    ///
    /// # Errors
    /// A socket or a pipe cannot be made.
    pub async fn start(
        platform: &Rc<Platform>,
        function: &Rc<Function>,
        limits: PoolLimits,
        warms_up: bool,
    ) -> io::Result<Self> {
        if function.managed_instances.is_some() {
            return ManagedInstance::start(platform, function.clone()).await.map(Environments::Managed);
        }
        let pool = Pool::new(platform, function.clone(), limits);
        if warms_up {
            pool.warm_up(None).await?;
        }
        Ok(Environments::Pool(pool))
    }

    pub fn invoker(&self) -> Rc<dyn Invoker> {
        match self {
            Environments::Pool(pool) => Rc::new(pool.clone()),
            Environments::Managed(instance) => Rc::new(instance.clone()),
        }
    }

    /// Ends all of them. Takes little more than 300 ms, and 2 s with external extensions.
    pub async fn shut_down(&self) {
        match self {
            Environments::Pool(pool) => pool.shut_down().await,
            Environments::Managed(instance) => instance.shut_down().await,
        }
    }
}
