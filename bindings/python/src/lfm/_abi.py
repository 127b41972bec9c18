"""The C ABI as tables. Generated from the headers by generate_abi.py: do not edit.

Letters: i int32, u uint32, l int64, L uint64, z size_t, I int, d double, f float, p pointer, s text,
c callback, v nothing, S a status (raised as an exception when it is not 0); *N an array of N of them; other
words are structs, in <> as arguments."""

VERSION = '0.1.0'

LFM_OK = 0
LFM_ERROR_ARGUMENT = -1
LFM_ERROR_MEMORY = -2
LFM_ERROR_DATA = -3
LFM_ERROR_SHAPE = -4
LFM_ERROR_OPTION = -5
LFM_ERROR_BUSY = -6
LFM_ERROR_CANCELLED = -7
LFM_ERROR_DIVERGED = -8
LFM_ERROR_OVERLAP = -9
LFM_ERROR_UNSUPPORTED = -10
LFM_ERROR_FILE = -11
LFM_ERROR_FORMAT = -12
LFM_LOG_WARNING = 1
LFM_LOG_INFO = 2
LFM_CPU_AVX2 = 1
LFM_CPU_AVX512 = 2
LFM_CPU_NEON = 4
LFM_CPU_PORTABLE = 1073741824
LFM_NONE = 0
LFM_INT32 = 1
LFM_INT64 = 2
LFM_FLOAT32 = 3
LFM_FLOAT64 = 4
LFM_DUPLICATES_KEEP = 0
LFM_DUPLICATES_SUM = 1
LFM_DUPLICATES_LAST = 2
LFM_DUPLICATES_REJECT = 3
LFM_OPTIMISER_ADAGRAD = 0
LFM_OPTIMISER_ADAGRAD_ROWWISE = 1
LFM_OPTIMISER_ADADELTA = 2
LFM_LOSS_LOGISTIC = 0
LFM_LOSS_BPR = 1
LFM_LOSS_WARP = 2
LFM_LOSS_WARP_KOS = 3
LFM_SCHEDULE_CONSTANT = 0
LFM_SCHEDULE_LINEAR = 1
LFM_SCHEDULE_COSINE = 2
LFM_REGULARISATION_L2 = 0
LFM_REGULARISATION_LIGHTFM = 1
LFM_ORDER_SHUFFLED = 0
LFM_ORDER_STORED = 1
LFM_OPTION_TEXT_SIZE = 32
LFM_OPTIONS_MODEL = 0
LFM_OPTIONS_TRAIN = 1
LFM_OPTION_INTEGER = 0
LFM_OPTION_UNSIGNED = 1
LFM_OPTION_REAL = 2
LFM_OPTION_SWITCH = 3
LFM_OPTION_CHOICE = 4
LFM_USER = 0
LFM_ITEM = 1
LFM_EMBEDDINGS = 0
LFM_BIASES = 1
LFM_EMBEDDING_GRADIENTS = 2
LFM_BIAS_GRADIENTS = 3
LFM_EMBEDDING_MOMENTUM = 4
LFM_BIAS_MOMENTUM = 5
LFM_STATE_FRESH = 0
LFM_STATE_MEAN = 1
LFM_PRECISION_FLOAT32 = 0
LFM_PRECISION_HALF = 1
LFM_SPACE_USER = 0
LFM_SPACE_ITEM = 1
LFM_SPACE_USER_FEATURE = 2
LFM_SPACE_ITEM_FEATURE = 3
LFM_METRIC_PRECISION = 0
LFM_METRIC_RECALL = 1
LFM_METRIC_AUC = 2
LFM_METRIC_RECIPROCAL_RANK = 3
LFM_METRIC_HIT_RATE = 4
LFM_METRIC_NDCG = 5
LFM_METRIC_NDCG_GRADED = 6
LFM_METRIC_AVERAGE_PRECISION = 7
LFM_METRIC_COVERAGE = 8
LFM_METRIC_POPULARITY = 9
LFM_METRIC_SIMILARITY = 10
LFM_IDS_TEXT = 0
LFM_IDS_NUMBER = 1
LFM_NAMES_NONE = 0
LFM_NAMES_STRINGS = 1
LFM_NAMES_TEXTS = 2
LFM_NAMES_NUMBERS = 3
LFM_FILE_CHECKPOINT = 0
LFM_FILE_INFERENCE = 1
LFM_TENSOR_DIMS = 8
LFM_SIMILARITY_COSINE = 0
LFM_SIMILARITY_DOT = 1
LFM_SPLIT_RANDOM = 0
LFM_SPLIT_LEAVE_OUT = 1
LFM_SPLIT_LAST = 2
LFM_VECTORS_INNER_PRODUCT = 0
LFM_VECTORS_L2 = 1
LFM_VECTORS_COSINE = 2

# name: field:type ...
STRUCTS = {
    'lfm_context_options': '''
        size:z allocate:c deallocate:c allocate_user_data:p log:c log_user_data:p executor:c
        executor_user_data:p threads:i cpu_mask:i''',
    'lfm_array': '''
        data:p type:i reserved:i''',
    'lfm_coo': '''
        size:z n_entries:l n_rows:i n_columns:i rows:lfm_array columns:lfm_array values:lfm_array''',
    'lfm_csr': '''
        size:z n_entries:l n_rows:i n_columns:i offsets:lfm_array columns:lfm_array values:lfm_array''',
    'lfm_features_options': '''
        size:z duplicates:i borrow:i identity:i normalise:i identity_columns:i identity_rest:i release:c
        release_user_data:p cancel:p''',
    'lfm_interactions_options': '''
        size:z duplicates:i borrow:i weights:lfm_array timestamps:lfm_array release:c release_user_data:p
        cancel:p''',
    'lfm_model_options': '''
        size:z components:i optimiser:i seed:L init_scale:d''',
    'lfm_progress': '''
        size:z epoch:l epochs:l samples:l samples_total:l seconds:d loss:d violation_rate:d mean_draws:d
        learning_rate:d epoch_ended:i reserved:i''',
    'lfm_train_options': '''
        size:z loss:i epochs:i learning_rate:d schedule:i schedule_epochs:i regularisation:i order:i
        user_alpha:d item_alpha:d rho:d epsilon:d max_sampled:i max_draws:i margin:d negative_power:d graded:i
        kos_k:i kos_n:i kos_known:i threads:i rollback:i draw_seed:L progress:c progress_user_data:p cancel:p''',
    'lfm_option': '''
        size:z name:s help:s default_text:s choices:s minimum:d maximum:d group:i type:i''',
    'lfm_view': '''
        size:z data:p rows:l columns:l stride:l''',
    'lfm_view_mut': '''
        size:z data:p rows:l columns:l stride:l''',
    'lfm_resize_options': '''
        size:z user_sources:p item_sources:p state:i reserved:i''',
    'lfm_scorer_options': '''
        size:z threads:i keep_features:i precision:i reserved:i''',
    'lfm_embeddings': '''
        size:z vectors:p biases:p stride:l n_rows:i n_components:i''',
    'lfm_infer_options': '''
        size:z threads:i check_overlap:i cancel:p''',
    'lfm_recommend_options': '''
        size:z candidates:p n_candidates:l exclude_items:p n_exclude_items:l item_mask:p n_item_mask:l
        cancel:p threads:i reserved:i''',
    'lfm_metric': '''
        metric:i k:i''',
    'lfm_evaluate_options': '''
        size:z exclude:p candidates:p popularity:p keep_empty:i check_overlap:i segments:i bootstrap:i
        confidence:d seed:L threads:i reserved:i cancel:p''',
    'lfm_metric_result': '''
        size:z n_users:l mean:d standard_error:d low:d high:d''',
    'lfm_contribution': '''
        value:d user_feature:i item_feature:i''',
    'lfm_explanation': '''
        size:z score:d remainder:d n_parts:l n_listed:i predicted:f''',
    'lfm_names': '''
        data:p offsets:p form:i reserved:i''',
    'lfm_save_options': '''
        size:z user_features:p item_features:p seen:p ids:p*4 feature_ids_start:i*2 train:p notes:p n_notes:l
        precision:i reserved:i cancel:p''',
    'lfm_memory': '''
        data:s capacity:l used:l''',
    'lfm_file_options': '''
        size:z copy:i check:i cancel:p''',
    'lfm_tensor': '''
        size:z name:s dtype:s data:p n_bytes:l shape:l*8 n_dims:i reserved:i''',
    'lfm_fold_in_options': '''
        size:z start:p training:p cancel:p seed:L learning_rate:d alpha:d margin:d side:i loss:i epochs:i
        max_sampled:i max_draws:i kos_k:i kos_n:i threads:i''',
    'lfm_similar_options': '''
        size:z measure:i include_self:i first_row:i end_row:i exclude:p n_exclude:l known:p cancel:p threads:i
        reserved:i''',
    'lfm_split_options': '''
        size:z method:i k:i fraction:d user_fraction:d seed:L cancel:p''',
}

# name: result arguments
CALLBACKS = {
    'lfm_allocate_fn': 'p zzp',
    'lfm_deallocate_fn': 'v pzp',
    'lfm_log_fn': 'v isp',
    'lfm_executor_fn': 'I uppp',
    'lfm_release_fn': 'v p',
    'lfm_progress_fn': 'i pp',
    'lfm_write_fn': 'i pzp',
    'lfm_read_fn': 'l pzp',
}

# name:result:arguments ...
FUNCTIONS = '''
    lfm_cancel_create:S:pp lfm_cancel_free:v:p lfm_cancel_is_set:i:p lfm_cancel_ref:p:p lfm_cancel_reset:v:p
    lfm_cancel_set:v:p lfm_context_create:S:pp lfm_context_free:v:p lfm_context_options_init_sized:v:pz
    lfm_context_ref:p:p lfm_coo_init_sized:v:pz lfm_csr_init_sized:v:pz lfm_embeddings_init_sized:v:pz
    lfm_evaluate:S:pppippp lfm_evaluate_options_init_sized:v:pz lfm_evaluate_ranks:S:ppipippp
    lfm_explain:S:pppiiippp lfm_features_free:v:p lfm_features_from_coo:S:pppp lfm_features_from_csr:S:pppp
    lfm_features_n_entries:l:p lfm_features_n_features:i:p lfm_features_n_rows:i:p
    lfm_features_options_init_sized:v:pz lfm_features_ref:p:p lfm_features_row:l:pipp lfm_file_check:S:pp
    lfm_file_features:S:pip lfm_file_free:v:p lfm_file_from_memory:S:pplcppp lfm_file_ids:S:pip
    lfm_file_ids_start:i:pi lfm_file_kind:i:p lfm_file_metadata:s:ps lfm_file_metadata_at:S:pipp
    lfm_file_model:S:pp lfm_file_n_metadata:i:p lfm_file_n_tensors:i:p lfm_file_open:S:pspp
    lfm_file_options_init_sized:v:pz lfm_file_read:S:pcppp lfm_file_ref:p:p lfm_file_scorer:S:ppp
    lfm_file_seen:S:pp lfm_file_tensor:S:psp lfm_file_tensor_at:S:pip lfm_file_train_options:S:pp
    lfm_find_overlap:S:ppppp lfm_fold_in:S:ppplpp lfm_fold_in_options_init_sized:v:pz lfm_ids_add:S:pszp
    lfm_ids_add_all:S:pl<lfm_names>p lfm_ids_add_number:S:plp lfm_ids_count:i:p lfm_ids_create:S:pip
    lfm_ids_find:i:psz lfm_ids_find_all:S:pl<lfm_names>p lfm_ids_find_number:i:pl lfm_ids_free:v:p
    lfm_ids_kind:i:p lfm_ids_number:l:pi lfm_ids_ref:p:p lfm_ids_text:s:pip lfm_infer_options_init_sized:v:pz
    lfm_interactions_free:v:p lfm_interactions_from_coo:S:pppp lfm_interactions_from_csr:S:pppp
    lfm_interactions_items:p:p lfm_interactions_n_entries:l:p lfm_interactions_n_items:i:p
    lfm_interactions_n_users:i:p lfm_interactions_options_init_sized:v:pz lfm_interactions_ref:p:p
    lfm_interactions_split:S:pppp lfm_interactions_threshold:S:piippp lfm_interactions_timestamps:p:p
    lfm_interactions_users:p:p lfm_interactions_values:p:p lfm_interactions_weights:p:p lfm_last_message:s:
    lfm_memory_write:i:pzp lfm_metric_format:S:psz lfm_metric_has_k:i:i lfm_metric_name:s:i
    lfm_metric_parse:S:sp lfm_model_columns:i:pi lfm_model_components:i:p lfm_model_create:S:piipp
    lfm_model_epochs:l:p lfm_model_fit_partial:S:ppppp lfm_model_free:v:p lfm_model_get:S:piipl
    lfm_model_get_options:S:pp lfm_model_n_features:i:pi lfm_model_options_get:S:pssz
    lfm_model_options_init_sized:v:pz lfm_model_options_set:S:pss lfm_model_ref:p:p lfm_model_reset:S:p
    lfm_model_resize:S:piip lfm_model_save:S:psp lfm_model_set:S:piipl lfm_model_view:S:piip
    lfm_model_view_mut:S:piip lfm_model_write:S:pcpp lfm_option_at:S:iip lfm_predict:S:plpppp
    lfm_predict_block:S:plplpplp lfm_predict_embeddings:S:ppplpppp lfm_rank:S:ppppp lfm_recommend:S:plpipppp
    lfm_recommend_features:S:ppipppp lfm_recommend_options_init_sized:v:pz lfm_recommend_vectors:S:ppipppp
    lfm_resize_options_init_sized:v:pz lfm_save_options_init_sized:v:pz lfm_scorer_biases:S:pip
    lfm_scorer_components:i:p lfm_scorer_create:S:ppppp lfm_scorer_free:v:p lfm_scorer_from_embeddings:S:ppppp
    lfm_scorer_n_rows:i:pi lfm_scorer_options_init_sized:v:pz lfm_scorer_ref:p:p
    lfm_scorer_representations:S:pip lfm_scorer_save:S:psp lfm_scorer_write:S:pcpp lfm_similar:S:pilpiippp
    lfm_similar_options_init_sized:v:pz lfm_similar_to_vectors:S:plipiippp lfm_split_options_init_sized:v:pz
    lfm_status_name:s:i lfm_train_options_get:S:pssz lfm_train_options_init_sized:v:pz
    lfm_train_options_set:S:pss lfm_vectors_components:i:pi lfm_vectors_export:S:piidiipp
    lfm_vectors_norm:S:pipp lfm_version:s:
'''
