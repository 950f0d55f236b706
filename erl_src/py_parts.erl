%% @private Large values on their way to the table and back, part by part: none has to fit a frame, and what other
%% processes ask for passes between the parts.
%%
%% Functions do with a context what py_request:call/5 does with one request, and give such a reply. A caller that is
%% killed on the way leaves a transfer that the port program forgets half a minute later.
-module(py_parts).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([set/4, get/4]).

%% As in server/table_role.cc. Smaller ones are one frame, which takes fewer messages.
-define(MOST_WHOLE, 1 bsl 20).
-define(PART, 1 bsl 17).

-define(AROUND, 64).   % bytes of a frame besides the part that it carries, at most

-type reply() :: py_request:reply() | {value, binary()}.

-spec set(py_context:context(), py_handle:bits(), binary() | integer(), term()) -> reply().
set(Context, Bits, Key, {bytes, Binary} = Value) when is_binary(Binary) ->
    set(Context, Bits, Key, Value, Binary, ?PUT_BYTES);
set(Context, Bits, Key, Binary) when is_binary(Binary) -> set(Context, Bits, Key, Binary, Binary, ?PUT_TEXT_OR_BYTES);
set(Context, Bits, Key, Value) ->
    case set_whole(Context, Bits, Key, Value) of
        {error, {frame_too_large, _, _}} -> put_parts(Context, Bits, Key, py_protocol:encode(Value), ?PUT_TERM);
        Reply -> Reply
    end.

set(Context, Bits, Key, Value, Binary, Form) ->
    case byte_size(Binary) > min(?MOST_WHOLE, most(Context) - byte_size_of(Key)) of
        true -> put_parts(Context, Bits, Key, Binary, Form);
        false -> set_whole(Context, Bits, Key, Value)
    end.

set_whole(Context, Bits, Key, Value) -> call(Context, ?OP_SET, py_protocol:set(Bits, Key, Value)).

byte_size_of(Key) when is_binary(Key) -> byte_size(Key);
byte_size_of(_) -> 0.

most(#context{max_frame = MaxFrame}) -> MaxFrame - ?AROUND.

put_parts(Context, Bits, Key, Binary, Form) ->
    case call(Context, ?OP_PUT_BEGIN, py_protocol:encode({byte_size(Binary), Form})) of
        {?REPLY_VALUE, Body} ->
            Transfer = py_protocol:term(Body),
            End = fun() -> call(Context, ?OP_PUT_END, py_protocol:encode({Transfer, Bits, Key})) end,
            put_part(Context, Transfer, Binary, min(?PART, most(Context)), End);
        Failure -> Failure
    end.

put_part(Context, Transfer, <<>>, _, End) ->
    case End() of
        {error, _} = NotSent -> dropped(Context, Transfer, NotSent);
        Reply -> Reply
    end;
put_part(Context, Transfer, Binary, Size, End) ->
    {Part, Rest} = split_binary(Binary, min(Size, byte_size(Binary))),
    case call(Context, ?OP_PUT_PART, py_protocol:part(Transfer, Part)) of
        {?REPLY_OK, _} -> put_part(Context, Transfer, Rest, Size, End);
        Failure -> dropped(Context, Transfer, Failure)
    end.

%% @doc The reply to GET; `{value, Binary}' when it came in parts.
-spec get(py_context:context(), py_protocol:flags(), py_handle:bits(), binary() | integer()) -> reply().
get(Context, Flags, Bits, Key) ->
    case py_request:call(Context, ?OP_GET, Flags bor ?FLAG_PARTS, py_protocol:get(Bits, Key), infinity) of
        {?REPLY_PARTS, Body} ->
            {Transfer, _Size, IsTerm} = py_protocol:term(Body),
            joined(get_parts(Context, Transfer, []), IsTerm);
        Reply -> Reply
    end.

get_parts(Context, Transfer, Parts) ->
    case call(Context, ?OP_GET_PART, py_protocol:encode(Transfer)) of
        {?REPLY_VALUE, Body} ->
            {ok, Part} = py_protocol:value(Body),
            get_parts(Context, Transfer, [Part | Parts]);
        {?REPLY_OK, _} -> {value, iolist_to_binary(lists:reverse(Parts))};
        Failure -> dropped(Context, Transfer, Failure)
    end.

joined({value, Term}, true) -> {?REPLY_VALUE, Term};
joined(Reply, _) -> Reply.

%% One that is over anyway is dropped once more, which does no harm.
dropped(Context, Transfer, Failure) ->
    _ = call(py_request:unbounded(Context), ?OP_DROP_TRANSFER, py_protocol:encode(Transfer)),
    Failure.

call(Context, Op, Body) -> py_request:call(Context, Op, 0, Body, infinity).
