"""The class LightFM."""
from __future__ import annotations

from typing import Any, Dict, Iterable, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from .._library import Handle
from .._running import CancelledError
from ._inputs import as_coo, check_finite, check_threads, feature_csr, pair_ids, sample_weights
from ._lightfm_fast import CSRMatrix as CSRMatrix  # people import it from here
from ._parameters import (ARRAYS, SCHEDULES, Training, check_choices, checked_array, components, new_arrays, new_model,
                          read_arrays)
from ._ranking import (DISJOINT, Ranking, check_disjoint, check_rows, check_width, feature_rows, predict, rank_matrix,
                       represent)

__all__ = ['LightFM']

CYTHON_DTYPE = np.float32

# A RandomState makes its numbers in batches of this many words; drawing so many shows in its state.
_WORDS = 624

_NAMES = tuple(name for name, *_ in ARRAYS)


class LightFM:
    """A hybrid recommender: every user and item is the weighted sum of the embeddings of its features.

    Parameters
    ----------
    no_components: int
        Numbers in an embedding.
    k, n: int
        k-OS WARP: the k-th best of n drawn positives is stepped on.
    learning_schedule: 'adagrad' or 'adadelta'
        The optimiser.
    loss: 'logistic', 'bpr', 'warp' or 'warp-kos'
        Logistic where there are positives (1) and negatives (-1); BPR for the area under the curve; WARP and
        k-OS WARP for the top of the list.
    learning_rate: float
        Initial step size of Adagrad.
    rho, epsilon: float
        Decay and conditioning constant of Adadelta.
    item_alpha, user_alpha: float
        Regularisation of item and user features, in the lazy form of the original LightFM.
    max_sampled: int
        WARP: negatives drawn per positive, at most.
    random_state: int, numpy.random.RandomState or None
        Where initial embeddings, order and draws come from. It lives on: every epoch draws from it.

    Attributes
    ----------
    item_embeddings, user_embeddings: float32 arrays of shape (number of features, no_components)
    item_biases, user_biases: float32 arrays of shape (number of features,)
    {item,user}_embedding_gradients, {item,user}_embedding_momentum, {item,user}_bias_gradients,
    {item,user}_bias_momentum: state of the optimiser

    All are None before the first fit. They are the model: what is written into them, or assigned, counts
    from then on.

    Without feature matrices each user and item is its own feature. A matrix that is given means exactly its
    features: to keep one feature per user or item beside others, include an identity matrix, as `Dataset`
    does.
    """

    # Set by name, side by side: see _parameters.ARRAYS.
    item_embeddings: Any
    item_embedding_gradients: Any
    item_embedding_momentum: Any
    item_biases: Any
    item_bias_gradients: Any
    item_bias_momentum: Any
    user_embeddings: Any
    user_embedding_gradients: Any
    user_embedding_momentum: Any
    user_biases: Any
    user_bias_gradients: Any
    user_bias_momentum: Any

    def __init__(self, no_components: int = 10, k: int = 5, n: int = 10, learning_schedule: str = 'adagrad',
                 loss: str = 'logistic', learning_rate: float = 0.05, rho: float = 0.95,
                 epsilon: float = 1e-6, item_alpha: float = 0.0, user_alpha: float = 0.0,
                 max_sampled: int = 10, random_state: Any = None) -> None:
        for holds, what in ((item_alpha >= 0.0, f'item_alpha is {item_alpha}, must be 0 or more'),
                            (user_alpha >= 0.0, f'user_alpha is {user_alpha}, must be 0 or more'),
                            (no_components > 0, f'no_components is {no_components}, must be 1 or more'),
                            (k > 0, f'k is {k}, must be 1 or more'),
                            (n > 0, f'n is {n}, must be 1 or more'),
                            (0 < rho < 1, f'rho is {rho}, must be between 0 and 1'),
                            (epsilon >= 0, f'epsilon is {epsilon}, must be 0 or more'),
                            (learning_schedule in SCHEDULES,
                             f'learning_schedule is {learning_schedule!r}, must be adagrad or adadelta'),
                            (loss in ('logistic', 'warp', 'bpr', 'warp-kos'),
                             f'loss is {loss!r}, must be logistic, warp, bpr or warp-kos')):
            if not holds:
                raise AssertionError(what)
        if max_sampled < 1:
            raise ValueError(f'max_sampled must be a positive integer, not {max_sampled}')

        self.loss = loss
        self.learning_schedule = learning_schedule
        self.no_components = no_components
        self.learning_rate = learning_rate
        self.k = int(k)
        self.n = int(n)
        self.rho = rho
        self.epsilon = epsilon
        self.max_sampled = max_sampled
        self.item_alpha = item_alpha
        self.user_alpha = user_alpha
        self.random_state: Any = (random_state if isinstance(random_state, np.random.RandomState)
                                  else np.random.RandomState(random_state))
        self._reset_state()

    def _reset_state(self) -> None:
        for name, *_ in ARRAYS:
            setattr(self, name, None)

    def _check_initialized(self) -> None:
        for name in _NAMES:
            if getattr(self, name) is None:
                raise ValueError('You must fit the model before trying to obtain predictions')

    def _initialize(self, no_components: int, no_item_features: int, no_user_features: int) -> None:
        """Fresh parameters: embeddings uniform in (-1/2, 1/2) / no_components, biases 0."""
        read_arrays(self, self._start(no_components, no_item_features, no_user_features), self.learning_schedule)

    def _start(self, no_components: int, no_item_features: int, no_user_features: int) -> Handle:
        """New arrays; returns the library's model that has what they are to hold."""
        started = new_model(no_user_features, no_item_features, no_components, self.learning_schedule, self._next_seed())
        arrays = dict(new_arrays(no_user_features, no_item_features, no_components))
        for name in reversed(_NAMES):  # item_embeddings, which tells whether there is a model, when all others are there
            setattr(self, name, arrays[name])
        return started

    def _next_seed(self) -> int:
        """A seed for initial parameters or an epoch, drawn from the random state."""
        words = np.frombuffer(self.random_state.bytes(4 * _WORDS), dtype='<u4')
        return int(words[0]) << 32 | int(words[1]) or 1

    @staticmethod
    def _progress(n: int, verbose: bool) -> Iterable[int]:
        """range(n), shown by tqdm where it is installed and else printed."""
        if not verbose:
            return range(n)
        try:
            from tqdm import trange
        except ImportError:
            return _printed(n)
        bar: Iterable[int] = trange(n, desc='Epoch')
        return bar

    def fit(self, interactions: Any, user_features: Any = None, item_features: Any = None,
            sample_weight: Any = None, epochs: int = 1, num_threads: int = 1,
            verbose: bool = False) -> 'LightFM':
        """Fit the model anew. The arguments are those of fit_partial; the random state goes on."""
        self._reset_state()
        return self.fit_partial(interactions, user_features=user_features, item_features=item_features,
                                sample_weight=sample_weight, epochs=epochs, num_threads=num_threads,
                                verbose=verbose)

    def fit_partial(self, interactions: Any, user_features: Any = None, item_features: Any = None,
                    sample_weight: Any = None, epochs: int = 1, num_threads: int = 1,
                    verbose: bool = False) -> 'LightFM':
        """Go on fitting from where the model is.

        Parameters
        ----------
        interactions: sparse matrix of shape (n_users, n_items)
            A stored value above 0 is a positive, any other an explicit negative. COO matrices of int32 ids
            and float32 values are read where they lie.
        user_features, item_features: sparse matrix of shape (n_users or more, number of features), optional
            Each row holds the weights of a user's or an item's features; None: each is its own feature.
        sample_weight: COO matrix, optional
            Weights of the interactions, 0 or more: the same entries in the same order. Not for k-OS WARP.
        epochs: int
            Passes over the interactions, 0 or more.
        num_threads: int
            Threads; one makes results repeat bit for bit.
        verbose: bool
            Show progress.

        Returns
        -------
        The fitted model itself.
        """
        check_choices(self)
        if epochs < 0:
            raise ValueError(f'epochs is {epochs}, must be 0 or more')
        interactions = as_coo(interactions, 'interactions')
        weights = sample_weights(interactions, sample_weight, self.loss)
        n_users, n_items = interactions.shape
        user_features = _training_features(self, 'user', user_features, n_users)
        item_features = _training_features(self, 'item', item_features, n_items)
        for what, data in (('interactions', interactions.data), ('sample_weight', weights)):
            if data is not None:
                check_finite(data, what)
        user_width = n_users if user_features is None else user_features.shape[1]
        item_width = n_items if item_features is None else item_features.shape[1]
        started: Optional[Handle] = None
        training: Optional[Training] = None
        try:
            if self.item_embeddings is None:
                widths = components(self), item_width, user_width
                if getattr(self._initialize, '__func__', None) is LightFM._initialize:
                    started = self._start(*widths)
                else:  # an initialisation of one's own: what counts is what it leaves in the arrays
                    self._initialize(*widths)
            for side, width, given in (('item', item_width, item_features), ('user', user_width, user_features)):
                check_width(side, width, checked_array(self, f'{side}_embeddings', 2).shape[0], given is not None, True)
            threads = check_threads(num_threads)
            for _ in self._progress(epochs, verbose=verbose):
                if training is None:
                    training = Training(self, interactions, weights, user_features, item_features, threads, started)
                training.run_epoch(self._next_seed())
        except CancelledError as error:  # the flag is ours: only an interrupt sets it
            raise KeyboardInterrupt from error
        finally:  # the arrays, whatever has happened
            filled = False
            try:
                self._fill(training, started)
                filled = True
            except KeyboardInterrupt:  # rather late than half
                self._fill(training, started)
                filled = True
                raise
            finally:
                if not filled and started is not None:  # rather no model than half of a first one
                    self._reset_state()
        return self

    def _fill(self, training: Optional[Training], started: Optional[Handle]) -> None:
        """Bring what the library has into the arrays."""
        if training is not None:
            training.copy_out()
        elif started is not None:
            read_arrays(self, started, self.learning_schedule)

    def predict(self, user_ids: Any, item_ids: Any, item_features: Any = None, user_features: Any = None,
                num_threads: int = 1) -> Any:
        """Score pairs: user_ids[i] with item_ids[i].

        Parameters
        ----------
        user_ids: an integer, or an array of as many as there are item_ids
        item_ids: array of integers
        item_features, user_features: sparse matrices as in fit, optional
        num_threads: int

        Returns
        -------
        float32 array, a score for each pair.
        """
        self._check_initialized()
        user_ids, item_ids, most_user, most_item = pair_ids(user_ids, item_ids)
        threads = check_threads(num_threads)
        user_features = feature_rows(self, 'user', user_features, most_user + 1, False)
        item_features = feature_rows(self, 'item', item_features, most_item + 1, False)
        return predict(self, user_features, item_features, user_ids, item_ids, threads)

    def predict_rank(self, test_interactions: Any, train_interactions: Any = None, item_features: Any = None,
                     user_features: Any = None, num_threads: int = 1,
                     check_intersections: bool = True) -> Any:
        """Rank the stored entries of a matrix among all of its items: 0 is the best, ties count against.

        Parameters
        ----------
        test_interactions: sparse matrix of shape (n_users, n_items)
        train_interactions: sparse matrix of the same shape, optional
            Its stored items are no candidates for their users.
        item_features, user_features: sparse matrices as in fit, optional
        num_threads: int
        check_intersections: bool
            Refuse test and train interactions that share a pair.

        Returns
        -------
        float32 csr_matrix with the rank of each entry of test_interactions.
        """
        self._check_initialized()
        return rank_matrix(Ranking(self, test_interactions, train_interactions, user_features, item_features,
                                   check_threads(num_threads), check_intersections))

    def _check_test_train_intersections(self, test_mat: Any, train_mat: Any) -> Any:
        """Refuse test and training sets that share a pair. What people put in its place is called instead."""
        return DISJOINT if train_mat is not None and check_disjoint(test_mat, train_mat) else None

    def get_item_representations(self, features: Any = None) -> Tuple[Any, Any]:
        """(biases, embeddings) of items described by a feature matrix; without one, of the item features:
        the model's own arrays."""
        return self._representations('item', features)

    def get_user_representations(self, features: Any = None) -> Tuple[Any, Any]:
        """(biases, embeddings) of users described by a feature matrix; without one, of the user features:
        the model's own arrays."""
        return self._representations('user', features)

    def _representations(self, side: str, features: Any) -> Tuple[Any, Any]:
        self._check_initialized()
        if features is None:
            return getattr(self, f'{side}_biases'), getattr(self, f'{side}_embeddings')
        features = feature_csr(features if hasattr(features, 'tocsr') else sp.csr_matrix(features), 'features')
        known = checked_array(self, f'{side}_embeddings', 2).shape[0]
        if features.shape[1] != known:
            raise ValueError(f'features has {features.shape[1]} columns, but the model has embeddings for {known} '
                             f'{side} features')
        vectors, biases = represent(self, side, features)
        return biases, vectors

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """The parameters by name, as the constructor takes them. deep plays no part."""
        names = ('loss', 'learning_schedule', 'no_components', 'learning_rate', 'k', 'n', 'rho', 'epsilon',
                 'max_sampled', 'item_alpha', 'user_alpha', 'random_state')
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> 'LightFM':
        """Set parameters by name. They count from the next epoch on."""
        known = self.get_params()
        for key, value in params.items():
            if key not in known:
                raise ValueError(f'Invalid parameter {key} for estimator {type(self).__name__}: there are '
                                 f'{", ".join(sorted(known))}')
            setattr(self, key, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn (1.6 and later) asks an estimator that does not inherit from its own."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=None,
                    classifier_tags=None, regressor_tags=None)


def _training_features(model: LightFM, side: str, features: Any, n_rows: int) -> Optional[Any]:
    """A feature matrix for training, checked as far as the model does not matter."""
    if features is None:
        return None
    features = feature_csr(features, f'{side}_features')
    check_rows(side, features, n_rows)
    check_finite(features.data, f'{side}_features')
    return features


def _printed(n: int) -> Iterable[int]:
    for epoch in range(n):
        print(f'Epoch {epoch}')
        yield epoch
